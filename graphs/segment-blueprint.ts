import type { BucketRules } from "../blocks/model/bucket-rules.ts";
import type { Observable } from "rxjs";
import type { Buffer } from "../blocks/model/buffer.ts";
import type {
  BlockContext,
  BlockDefinition,
  ComponentContext,
  SinkDefinition,
  SinkElement,
  SourceContext,
  SourceDefinition,
  SourceElement,
} from "../blocks/model/component.ts";
import { DeadLetterChunk } from "../blocks/model/dead-letter.ts";
import type { HeavyRunner } from "../blocks/model/heavy-task.ts";
import { ObservationChunk } from "../blocks/model/observation-chunk.ts";
import { sharedState } from "../blocks/model/shared-state.ts";
import type { Store } from "../blocks/model/store.ts";
import { PlacedRows } from "../blocks/model/placed-rows.ts";
import type { PartedRows } from "../blocks/model/sound-rows.ts";
import type { Receipt } from "../runtime/receipt.ts";
import { Flow } from "../runtime/streams/flow.ts";
import { GraphDSL, type GraphBuilder } from "../runtime/streams/graph-dsl.ts";
import type { Inlet, Outlet } from "../runtime/streams/graph-stage.ts";
import { Broadcast } from "../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../runtime/streams/junctions/merge.ts";
import type { RunnableGraph } from "../runtime/streams/runnable-graph.ts";
import { Sink } from "../runtime/streams/sink.ts";
import { Source } from "../runtime/streams/source.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import { atNode } from "./at-node.ts";
import type { Catalogue } from "./catalogue.ts";
import type { PlannedNode, Segment, Wire } from "./plan.ts";
import { BufferSink } from "./stages/buffer-sink.ts";
import { BufferSource, type BufferSourceControl } from "./stages/buffer-source.ts";
import { type SourceControl, SourceGate } from "./stages/source-gate.ts";
import { SourceRouter } from "./stages/source-router.ts";

/** What a segment is built from, besides its plan. */
export interface SegmentParts {
  readonly catalogue: Catalogue;
  readonly context: (node: string) => ComponentContext;
  readonly buckets: BucketRules;
  readonly sourceContext: (node: string) => SourceContext;
  readonly store: (name: string) => Store;
  readonly buffer: (node: PlannedNode) => Buffer;
  /** Where dead letters of a node go that nothing in the file listens to. */
  readonly deadLetters: (node: string) => Promise<Sink<SinkElement, unknown>>;
  readonly flushes: Observable<void>;
  readonly heavy: HeavyRunner;
  /** Rows of a buffer that may be unsettled at once, per partition. */
  readonly inFlightMax: number;
}

/** Handles of one run, filled in when the blueprint is materialised. */
export interface SegmentControls {
  readonly sources: Map<string, SourceControl>;
  readonly readers: { readonly buffer: string; readonly control: BufferSourceControl }[];
}

// Ports are wired by the plan, which has checked what flows between them; the types of elements end here.
type AnyInlet = Inlet<unknown>;
type AnyOutlet = Outlet<unknown>;

/**
 * Opens the components of a segment and wires them up for one partition. Sources belong to partition 0.
 *
 * @throws {EngineError} of the first component that cannot be opened, with its node; those before it are closed again.
 */
export async function segmentBlueprint(
  segment: Segment,
  partition: number,
  parts: SegmentParts,
  system: ActorSystem,
): Promise<{ graph: RunnableGraph<unknown>; controls: SegmentControls }> {
  const controls: SegmentControls = { sources: new Map(), readers: [] };
  const wires = partition === 0 ? segment.wires : withoutSources(segment.wires);
  const opened = await openNodes(segment, wires, partition, parts, controls, system);
  const build = (builder: GraphBuilder) => {
    const outlets = new Map<PlannedNode, Map<string, AnyOutlet>>();
    const inlets = new Map<PlannedNode, AnyInlet>();
    for (const [node, place] of opened)
      place(
        builder,
        (ports) => outlets.set(node, ports),
        (port) => inlets.set(node, port),
      );
    for (const buffer of segment.reads) {
      const out = readerOutlet(builder, buffer, segment, partition, parts, controls);
      outlets.set(buffer, new Map([["observations", out]]));
    }
    connect(builder, wires, outlets, inlets);
  };
  // The check of the file has looked at cycles: a block that bounds one is no stage that says so.
  const graph = GraphDSL.create(build, { cycles: "allowed" });
  return { graph, controls };
}

/** Without the wires that come, directly or not, from sources alone. */
function withoutSources(wires: readonly Wire[]): readonly Wire[] {
  let left = wires;
  for (;;) {
    const fed = new Set(left.map(({ to }) => to));
    const next = left.filter(({ from }) => from.definition.kind === "buffer" || fed.has(from));
    if (next.length === left.length) return left;
    left = next;
  }
}

type Place = (
  builder: GraphBuilder,
  outlets: (ports: Map<string, AnyOutlet>) => void,
  inlet: (port: AnyInlet) => void,
) => void;

async function openNodes(
  segment: Segment,
  wires: readonly Wire[],
  partition: number,
  parts: SegmentParts,
  controls: SegmentControls,
  system: ActorSystem,
): Promise<[PlannedNode, Place][]> {
  const opened: [PlannedNode, Place][] = [];
  const shared = sharedState();
  const closings: RunnableGraph<unknown>[] = [];
  for (const node of [...segment.nodes, ...segment.fills]) {
    const { definition } = node;
    // Another partition than the first may lack what feeds it.
    const fed = wires.some(({ to }) => to === node);
    try {
      if (definition.kind === "source") {
        if (partition === 0) opened.push([node, await openSource(node, definition, wires, parts, controls, closings)]);
      } else if (definition.kind === "block" && fed) {
        opened.push([node, await openBlock(node, definition, wires, parts, shared, closings)]);
      } else if (definition.kind === "sink" && fed) {
        opened.push([node, await openSink(node, definition, parts, closings)]);
      } else if (definition.kind === "buffer" && fed) {
        opened.push([node, await openFill(node, parts, closings)]);
      }
    } catch (error) {
      // What holds a port or a file gives it back when its stream ends, so it gets one that does at once.
      const closed = closings.map((closing) => closing.runWatched(system, { name: "closing" }).done);
      await Promise.allSettled(closed);
      throw atNode(error, node.name);
    }
  }
  return opened;
}

async function openSource(
  node: PlannedNode,
  definition: SourceDefinition,
  wires: readonly Wire[],
  parts: SegmentParts,
  controls: SegmentControls,
  closings: RunnableGraph<unknown>[],
): Promise<Place> {
  const source = await definition.open(node.settings as never, parts.sourceContext(node.name));
  closings.push(source.to(Sink.cancelled()));
  const wired = outletNames(node, wires);
  const rejected = wired.has("rejected") ? undefined : await parts.deadLetters(node.name);
  if (rejected !== undefined) closings.push(Source.empty<SinkElement>().to(rejected));
  const gate = Flow.fromStage(new SourceGate()).mapMaterializedValue((control) => {
    controls.sources.set(node.name, control);
  });
  return (builder, outlets) => {
    const router = builder.add(new SourceRouter());
    builder.connect(builder.add(source.via(gate)).out, router.in);
    if (rejected !== undefined) builder.connect(router.rejected, builder.add(rejected).in);
    outlets(
      new Map<string, AnyOutlet>([
        ["observations", router.observations],
        ["rejected", router.rejected],
      ]),
    );
  };
}

/** Dead letters that nothing in the file listens to go to the folder of dead letters. */
async function openBlock(
  node: PlannedNode,
  definition: BlockDefinition,
  wires: readonly Wire[],
  parts: SegmentParts,
  shared: BlockContext["shared"],
  closings: RunnableGraph<unknown>[],
): Promise<Place> {
  const { derivators, derivations } = parts.catalogue;
  const wired = outletNames(node, wires);
  const unheard = Object.entries(definition.outlets).filter(
    ([name, kind]) => kind === "dead-letters" && !wired.has(name),
  );
  const letters = new Map<string, Sink<SinkElement, unknown>>();
  for (const [name] of unheard) letters.set(name, await parts.deadLetters(node.name));
  for (const sink of letters.values()) closings.push(Source.empty<SinkElement>().to(sink));
  const stage = definition.open(node.settings as never, {
    ...parts.context(node.name),
    store: parts.store,
    outlets: new Set([...wired, ...letters.keys()]),
    derivators,
    derivations,
    buckets: parts.buckets,
    flushes: parts.flushes,
    heavy: parts.heavy,
    shared,
  });
  return (builder, outlets, inlet) => {
    const shape = builder.add(stage);
    const open = shape.outlets.filter(({ name }) => !letters.has(name));
    for (const outlet of shape.outlets) {
      const sink = letters.get(outlet.name);
      if (sink !== undefined) builder.connect(outlet as Outlet<never>, builder.add(sink).in);
    }
    outlets(new Map(open.map((outlet) => [outlet.name, outlet])));
    const [first] = shape.inlets;
    if (first !== undefined) inlet(first);
  };
}

async function openSink(
  node: PlannedNode,
  definition: SinkDefinition,
  parts: SegmentParts,
  closings: RunnableGraph<unknown>[],
): Promise<Place> {
  const sink = await definition.open(node.settings as never, parts.context(node.name));
  closings.push(Source.empty<SinkElement>().to(sink));
  return (builder, _outlets, inlet) => inlet(builder.add(sink).in);
}

/** Rows of series that the buffer has no place for go to the dead letters. */
async function openFill(node: PlannedNode, parts: SegmentParts, closings: RunnableGraph<unknown>[]): Promise<Place> {
  const buffer = parts.buffer(node);
  const { places } = buffer;
  if (places === undefined) return (builder, _outlets, inlet) => inlet(builder.add(new BufferSink(buffer)).in);
  const rejected = await parts.deadLetters(node.name);
  closings.push(Source.empty<SinkElement>().to(rejected));
  const { clock } = parts.context(node.name);
  const placed = new PlacedRows(places, node.name, "the buffer");
  const parting = Flow.of<ObservationChunk>().mapConcat((chunk) => partedElements(placed.part(chunk, clock)));
  return (builder, _outlets, inlet) => {
    const first = builder.add(parting);
    const router = builder.add(new SourceRouter());
    builder.connect(first.out, router.in);
    builder.connect(router.observations, builder.add(new BufferSink(buffer)).in);
    builder.connect(router.rejected, builder.add(rejected).in);
    inlet(first.in);
  };
}

function partedElements({ sound, letters }: PartedRows): readonly SourceElement[] {
  if (letters.length === 0) return [sound];
  const { receipt } = sound;
  for (const { code } of letters) receipt.deadLettered(code, 1);
  const refused = new DeadLetterChunk(letters, receipt);
  if (sound.length === 0) return [refused];
  receipt.hold();
  return [sound, refused];
}

function readerOutlet(
  builder: GraphBuilder,
  buffer: PlannedNode,
  segment: Segment,
  partition: number,
  parts: SegmentParts,
  controls: SegmentControls,
): AnyOutlet {
  const open = () => parts.buffer(buffer).reader(segment.name, partition);
  const source = Source.fromStage(new BufferSource(open, parts.inFlightMax)).mapMaterializedValue((control) => {
    controls.readers.push({ buffer: buffer.name, control });
  });
  return builder.add(source).out;
}

function outletNames(node: PlannedNode, wires: readonly Wire[]): ReadonlySet<string> {
  return new Set(wires.filter(({ from }) => from === node).map(({ outlet }) => outlet));
}

/** Several takers of one outlet get it through a broadcast, several feeders of one node through a merge. */
function connect(
  builder: GraphBuilder,
  wires: readonly Wire[],
  outlets: ReadonlyMap<PlannedNode, ReadonlyMap<string, AnyOutlet>>,
  inlets: ReadonlyMap<PlannedNode, AnyInlet>,
): void {
  const ends = new Map<Wire, AnyOutlet>();
  for (const [node, ports] of outlets) {
    for (const [name, outlet] of ports) {
      const takers = wires.filter(({ from, outlet: wired }) => from === node && wired === name);
      if (takers.length === 0) continue;
      const branches = takers.length === 1 ? [outlet] : broadcast(builder, outlet, takers.length);
      takers.forEach((wire, index) => {
        ends.set(wire, branches[index] as AnyOutlet);
      });
    }
  }
  for (const [node, inlet] of inlets) {
    const feeders = [...ends].filter(([{ to }]) => to === node).map(([, outlet]) => outlet);
    if (feeders.length === 1) builder.connect(feeders[0] as AnyOutlet, inlet);
    else {
      const merge = builder.add(new Merge<unknown>(feeders.length));
      feeders.forEach((outlet, index) => {
        builder.connect(outlet, merge.ins[index] as AnyInlet);
      });
      builder.connect(merge.out, inlet);
    }
  }
}

function broadcast(builder: GraphBuilder, outlet: AnyOutlet, takers: number): readonly AnyOutlet[] {
  const shape = builder.add(new Broadcast<unknown>(takers, share));
  builder.connect(outlet, shape.in);
  return shape.outs;
}

/** Every copy beyond the first holds the receipt too, and its rows are accounted for on each branch. */
function share(element: unknown, copies: number): void {
  const { receipt, receipts } = element as { receipt?: Receipt; receipts?: readonly Receipt[] };
  for (const one of receipts ?? []) one.hold(copies);
  if (receipt === undefined) return;
  receipt.hold(copies);
  if (element instanceof ObservationChunk) receipt.added(element.length * copies);
}
