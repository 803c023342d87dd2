import { type BucketRules, utcRules } from "../../blocks/model/bucket-rules.ts";
import { Subject } from "rxjs";
import { aggregationBlock } from "../../blocks/aggregation.ts";
import { messageBlock } from "../../blocks/message.ts";
import type { BlockDefinition } from "../../blocks/model/component.ts";
import type { Derivation } from "../../blocks/model/derivation.ts";
import type { Derivator } from "../../blocks/model/derivator.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { sharedState } from "../../blocks/model/shared-state.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { observationBlock } from "../../blocks/observation.ts";
import { processorBlock } from "../../blocks/processor.ts";
import { tagBlock } from "../../blocks/tag.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { type VirtualClock, virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { GraphDSL } from "../../runtime/streams/graph-dsl.ts";
import type { Inlet, Outlet, Shape } from "../../runtime/streams/graph-stage.ts";
import { Merge } from "../../runtime/streams/junctions/merge.ts";
import { type TestPublisher, TestSource } from "../../runtime/streams/probes/test-source.ts";
import type { RunningGraph } from "../../runtime/streams/runnable-graph.ts";
import { GatedStore } from "./gated-store.ts";

export const blocks: Readonly<Record<string, BlockDefinition>> = {
  message: messageBlock,
  observation: observationBlock,
  aggregation: aggregationBlock,
  tag: tagBlock,
};

/** The four blocks of a processor, wired as it says, behind a probe. Nothing subscribes to what it publishes. */
export class ProcessorRun {
  readonly clock: VirtualClock = virtualClock();
  readonly system = new ActorSystem({ clock: this.clock });
  readonly table = new SeriesTable();
  readonly flushes = new Subject<void>();
  readonly store: GatedStore;
  readonly input: TestPublisher<ObservationChunk>;
  readonly running: RunningGraph<{ readonly input: TestPublisher<ObservationChunk> }>;

  constructor(
    given: Readonly<Record<string, unknown>>,
    derivators: readonly Derivator[],
    derivations: readonly Derivation[] = [],
    buckets: BucketRules = utcRules,
    storeOf: (clock: VirtualClock) => GatedStore = () => new GatedStore(),
  ) {
    this.store = storeOf(this.clock);
    const { nodes, wires } = processorBlock.expand(
      processorBlock.settings.parse({ store: "main", ...given }),
      new Set(),
    );
    const shared = sharedState();
    const stageOf = (name: string) => {
      const { type, settings } = nodes[name] ?? { type: name, settings: {} };
      const block = blocks[type] as BlockDefinition;
      const outlets = wires.flatMap(({ from }) => (from.startsWith(`${name}.`) ? [from.slice(name.length + 1)] : []));
      // As they are: what a composite hands on was checked with it.
      return block.open(settings, {
        graph: "test",
        node: name,
        clock: this.clock,
        log: silentLog,
        table: this.table,
        store: () => this.store,
        outlets: new Set(outlets),
        derivators,
        buckets,
        derivations,
        flushes: this.flushes,
        shared,
      });
    };
    const graph = GraphDSL.create({ input: TestSource.probe<ObservationChunk>() }, (builder, { input }) => {
      const shapes = new Map<string, Shape>(Object.keys(nodes).map((name) => [name, builder.add(stageOf(name))]));
      const outletOf = (from: string): Outlet<unknown> => {
        const [node = "", outlet] = from.split(".");
        if (node === "in") return input.out;
        return shapes.get(node)?.outlets.find(({ name }) => name === outlet) as Outlet<unknown>;
      };
      for (const [name, shape] of shapes) {
        const feeders = wires.filter(({ to }) => to === name).map(({ from }) => outletOf(from));
        const merge = builder.add(new Merge<unknown>(feeders.length));
        feeders.forEach((feeder, index) => {
          builder.connect(feeder, merge.ins[index] as Inlet<unknown>);
        });
        builder.connect(merge.out, shape.inlets[0] as Inlet<unknown>);
      }
    });
    this.running = graph.runWatched(this.system);
    this.input = this.running.materialized.input;
  }
}
