import type { DrawnGraph } from "../plan.ts";
import { type DrawnEdge, drawnEdges } from "./drawn-edges.ts";

/** A place in a layer: a node, or where an arrow passes through to a later layer. */
export interface Place {
  readonly kind: "node" | "passage";
  /** The node, or the one that the arrow comes from. */
  readonly name: string;
}

/** One step of an arrow, from a layer to the next. */
export interface Hop {
  readonly from: Place;
  readonly to: Place;
  /** The edges that end here; none where `to` is a passage. */
  readonly edges: readonly DrawnEdge[];
}

export interface Layers {
  readonly layers: readonly (readonly Place[])[];
  /** By the layer they leave. */
  readonly hops: readonly (readonly Hop[])[];
  /** Edges that would lead back and close a cycle: they are in no hop. */
  readonly back: readonly DrawnEdge[];
}

/**
 * Puts every node behind all that it takes from, and orders each layer so that few arrows cross. The same graph gives the same
 * layers.
 *
 * @see Sugiyama, Tagawa and Toda, Methods for visual understanding of hierarchical system structures, 1981
 */
export function layersOf(graph: DrawnGraph): Layers {
  const { forward, back } = withoutCycles(graph);
  const layerOf = longestPaths(graph, forward);
  const layers: Place[][] = Array.from({ length: Math.max(0, ...layerOf.values()) + 1 }, () => []);
  const nodes = new Map<string, Place>();
  for (const { name } of graph.nodes) {
    const place: Place = { kind: "node", name };
    nodes.set(name, place);
    layers[layerOf.get(name) ?? 0]?.push(place);
  }
  const hops: Hop[][] = layers.map(() => []);
  const passages = new Map<string, Place>();
  for (const edge of forward) {
    const from = nodes.get(edge.from);
    const to = nodes.get(edge.to);
    if (from === undefined || to === undefined) continue;
    let place = from;
    const last = (layerOf.get(edge.to) ?? 0) - 1;
    for (let layer = layerOf.get(edge.from) ?? 0; layer < last; layer += 1) {
      // All arrows of a node pass through a layer at one place.
      const key = `${layer + 1} ${edge.from}`;
      const known = passages.get(key);
      const passage: Place = known ?? { kind: "passage", name: edge.from };
      if (known === undefined) {
        passages.set(key, passage);
        layers[layer + 1]?.push(passage);
        hops[layer]?.push({ from: place, to: passage, edges: [] });
      }
      place = passage;
    }
    addEdge(hops[last] ?? [], place, to, edge);
  }
  for (let sweep = 0; sweep < sweepsMax; sweep += 1) untangle(layers, hops);
  return { layers, hops, back };
}

/** Each sweep lets the layers follow their neighbours once in both directions; more change little. */
const sweepsMax = 4;

function addEdge(hops: Hop[], from: Place, to: Place, edge: DrawnEdge): void {
  const index = hops.findIndex((hop) => hop.from === from && hop.to === to);
  const known = hops[index];
  if (known === undefined) hops.push({ from, to, edges: [edge] });
  else hops[index] = { ...known, edges: [...known.edges, edge] };
}

/** Edges that lead to a node whose successors are still being followed close a cycle. */
function withoutCycles(graph: DrawnGraph): { forward: DrawnEdge[]; back: DrawnEdge[] } {
  const outgoing = new Map<string, DrawnEdge[]>(graph.nodes.map(({ name }) => [name, []]));
  for (const edge of drawnEdges(graph)) outgoing.get(edge.from)?.push(edge);
  const forward: DrawnEdge[] = [];
  const back: DrawnEdge[] = [];
  const state = new Map<string, "open" | "done">();
  for (const { name: root } of graph.nodes) {
    if (state.has(root)) continue;
    const path: { name: string; next: number }[] = [{ name: root, next: 0 }];
    state.set(root, "open");
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const edge = outgoing.get(step.name)?.[step.next];
      step.next += 1;
      if (edge === undefined) {
        state.set(step.name, "done");
        path.pop();
      } else if (state.get(edge.to) === "open") back.push(edge);
      else {
        forward.push(edge);
        if (state.has(edge.to)) continue;
        state.set(edge.to, "open");
        path.push({ name: edge.to, next: 0 });
      }
    }
  }
  return { forward, back };
}

/** The number of steps of the longest way to each node; the edges have no cycle. */
function longestPaths(graph: DrawnGraph, edges: readonly DrawnEdge[]): Map<string, number> {
  const layerOf = new Map(graph.nodes.map(({ name }) => [name, 0]));
  // A way has no more steps than there are nodes, so so many rounds settle it.
  for (let round = 0, changed = true; changed && round <= graph.nodes.length; round += 1) {
    changed = false;
    for (const { from, to } of edges) {
      const behind = (layerOf.get(from) ?? 0) + 1;
      if (behind <= (layerOf.get(to) ?? 0)) continue;
      layerOf.set(to, behind);
      changed = true;
    }
  }
  return layerOf;
}

/** Sorts each layer by where its neighbours stand, first those before it, then those behind it. */
function untangle(layers: readonly Place[][], hops: readonly Hop[][]): void {
  for (let layer = 1; layer < layers.length; layer += 1) {
    sortByNeighbours(layers[layer] ?? [], layers[layer - 1] ?? [], hops[layer - 1] ?? [], "to", "from");
  }
  for (let layer = layers.length - 2; layer >= 0; layer -= 1) {
    sortByNeighbours(layers[layer] ?? [], layers[layer + 1] ?? [], hops[layer] ?? [], "from", "to");
  }
}

function sortByNeighbours(
  layer: Place[],
  neighbours: readonly Place[],
  hops: readonly Hop[],
  own: "from" | "to",
  other: "from" | "to",
): void {
  const middles = layer.map((place, index) => {
    const near = hops.filter((hop) => hop[own] === place).map((hop) => neighbours.indexOf(hop[other]));
    const middle = near.length === 0 ? index : near.reduce((sum, at) => sum + at, 0) / near.length;
    return { place, middle };
  });
  middles.sort((a, b) => a.middle - b.middle);
  middles.forEach(({ place }, index) => {
    layer[index] = place;
  });
}
