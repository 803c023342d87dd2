import type { DrawnGraph } from "../plan.ts";
import { type DrawnEdge, outletLabel } from "./drawn-edges.ts";
import { type Hop, type Place, layersOf } from "./layers.ts";
import { LineCanvas } from "./line-canvas.ts";

/** Rows between two boxes. */
const gapRows = 1;

/** A place with its own rows and those where arrows come in. */
interface Spot {
  readonly place: Place;
  readonly texts: readonly string[];
  /** Whether data rests here: buffers and stores have double edges. */
  readonly rests: boolean;
  /** Labels of the arrows that come in, one row each. */
  readonly inlets: readonly string[];
  readonly width: number;
  readonly height: number;
  y: number;
}

/**
 * Boxes from left to right with arrows between them, for a terminal. Names of outlets stand at the heads of their arrows. Edges
 * that close a cycle are listed below, one a line.
 */
export function drawAscii(graph: DrawnGraph): string {
  if (graph.nodes.length === 0) return "The graph has no nodes.\n";
  const { layers, hops, back } = layersOf(graph);
  const spots = new Map<Place, Spot>();
  layers.forEach((layer, index) => {
    for (const place of layer) spots.set(place, spotOf(place, graph, hops[index - 1] ?? []));
  });
  const columns = layers.map((layer) => layer.flatMap((place) => spots.get(place) ?? []));
  settleRows(columns, hops, spots);
  const canvas = new LineCanvas();
  let x = 0;
  columns.forEach((column, index) => {
    const width = Math.max(...column.map((spot) => spot.width));
    for (const spot of column) drawSpot(canvas, spot, x, width);
    x = drawHops(canvas, x, width, hops[index] ?? [], spots);
  });
  const lines = [...canvas.lines(), ...back.map(backLine)];
  return `${lines.join("\n")}\n`;
}

function spotOf(place: Place, graph: DrawnGraph, incoming: readonly Hop[]): Spot {
  const node = graph.nodes.find(({ name }) => name === place.name);
  if (place.kind === "passage" || node === undefined) {
    return { place, texts: [], rests: false, inlets: [], width: 1, height: 1, y: 0 };
  }
  const texts = [plain(node.name), plain(node.type)];
  const inlets = [...new Set(incoming.filter((hop) => hop.to === place).map(hopLabel))];
  const rests = node.section === "buffers" || node.section === "stores";
  const width = Math.max(...texts.map(lengthOf)) + 4;
  return { place, texts, rests, inlets, width, height: Math.max(texts.length, inlets.length) + 2, y: 0 };
}

/** The outlets of all edges of the hop; `writes` where it leads to a store. Empty where all go without saying. */
function hopLabel(hop: Hop): string {
  const labels = hop.edges.map((edge) => (edge.kind === "writes" ? "writes" : plain(outletLabel(edge))));
  return [...new Set(labels.filter((label) => label !== ""))].join(", ");
}

/** The row in which arrows leave a spot. */
function outletRow(spot: Spot): number {
  return spot.place.kind === "passage" ? spot.y : spot.y + 1;
}

function inletRow(spot: Spot, label: string): number {
  return spot.place.kind === "passage" ? spot.y : spot.y + 1 + Math.max(0, spot.inlets.indexOf(label));
}

/** Puts each spot level with the middle of those it takes from, as far as the ones above it leave room. */
function settleRows(
  columns: readonly (readonly Spot[])[],
  hops: readonly (readonly Hop[])[],
  spots: ReadonlyMap<Place, Spot>,
): void {
  columns.forEach((column, index) => {
    const wanted = column.map((spot) => {
      const rows = (hops[index - 1] ?? [])
        .filter((hop) => hop.to === spot.place)
        .map((hop) => outletRow(spots.get(hop.from) ?? spot));
      const middle = rows.length === 0 ? 0 : (Math.min(...rows) + Math.max(...rows)) / 2;
      return Math.floor(middle) - (spot.place.kind === "passage" ? 0 : 1);
    });
    // The column as a whole stands level with the middle of what it wants; a single source feeds a fan from its middle.
    const heights = column.reduce((sum, spot) => sum + spot.height + gapRows, -gapRows);
    const first = wanted[0] ?? 0;
    const same = wanted.every((row) => row === first);
    let free = same && column.length > 1 && index > 0 ? Math.max(0, first + 1 - (heights >> 1)) : 0;
    column.forEach((spot, place) => {
      spot.y = same && column.length > 1 ? free : Math.max(free, wanted[place] ?? 0);
      free = spot.y + spot.height + gapRows;
    });
  });
}

function drawSpot(canvas: LineCanvas, spot: Spot, x: number, columnWidth: number): void {
  const { y, width, height, texts, rests } = spot;
  if (spot.place.kind === "passage") {
    canvas.horizontal(x - 1, x + columnWidth, y);
    return;
  }
  const [topLeft, topRight, bottomLeft, bottomRight, flat, upright] = [...(rests ? "╔╗╚╝═║" : "┌┐└┘─│")];
  canvas.write(x, y, `${topLeft}${flat?.repeat(width - 2)}${topRight}`);
  for (let row = 0; row < height - 2; row += 1) {
    const text = texts[row] ?? "";
    canvas.write(x, y + 1 + row, `${upright} ${text}${" ".repeat(width - 4 - lengthOf(text))} ${upright}`);
  }
  canvas.write(x, y + height - 1, `${bottomLeft}${flat?.repeat(width - 2)}${bottomRight}`);
}

/** Draws the arrows from the column at `columnX` to the next. @returns where that begins. */
function drawHops(
  canvas: LineCanvas,
  columnX: number,
  columnWidth: number,
  hops: readonly Hop[],
  spots: ReadonlyMap<Place, Spot>,
): number {
  const x = columnX + columnWidth;
  const labels = hops.map(hopLabel);
  const labelColumns = Math.max(0, ...labels.map(lengthOf));
  const froms = [...new Set(hops.map((hop) => hop.from))];
  const tracks = tracksOf(froms, hops, spots);
  const headX = x + 1 + 2 * tracks.size + (labelColumns === 0 ? 0 : labelColumns + 2) + 1;
  hops.forEach((hop, index) => {
    const from = spots.get(hop.from);
    const to = spots.get(hop.to);
    if (from === undefined || to === undefined) return;
    const label = labels[index] ?? "";
    const [fromY, toY] = [outletRow(from), inletRow(to, label)];
    const track = tracks.get(hop.from);
    const turnX = x + 1 + 2 * (track ?? 0);
    canvas.horizontal(columnX + from.width - 1, turnX, fromY);
    if (fromY !== toY) canvas.vertical(turnX, fromY, toY);
    canvas.horizontal(turnX, headX + 1, toY);
    if (label !== "") canvas.write(headX - 1 - lengthOf(label), toY, label);
    if (hop.to.kind === "node") canvas.write(headX, toY, "►");
  });
  return headX + 1;
}

/**
 * The upright lines, one for each place whose arrows turn, from left to right: those that go up in order of their rows, those
 * that go down against it, so that arrows cross few of them.
 */
function tracksOf(froms: readonly Place[], hops: readonly Hop[], spots: ReadonlyMap<Place, Spot>): Map<Place, number> {
  const turning = froms.flatMap((from) => {
    const spot = spots.get(from);
    if (spot === undefined) return [];
    const row = outletRow(spot);
    const rows = hops
      .filter((hop) => hop.from === from)
      .map((hop) => {
        const to = spots.get(hop.to);
        return to === undefined ? row : inletRow(to, hopLabel(hop));
      });
    if (rows.every((to) => to === row)) return [];
    const goesUp = rows.reduce((sum, to) => sum + to - row, 0) < 0;
    return [{ from, order: goesUp ? row : -row }];
  });
  turning.sort((a, b) => a.order - b.order);
  return new Map(turning.map(({ from }, track) => [from, track]));
}

function backLine({ from, outlet, to }: DrawnEdge): string {
  return `${plain(from)}${outlet === "" ? "" : `.${plain(outlet)}`} leads back to ${plain(to)}`;
}

/** Control characters would break the boxes. */
function plain(text: string): string {
  return text.replace(/\p{C}/gu, "?");
}

function lengthOf(text: string): number {
  return [...text].length;
}
