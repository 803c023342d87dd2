import { utcRules } from "../../blocks/model/bucket-rules.ts";
import assert from "node:assert/strict";
import { Subject } from "rxjs";
import type { z } from "zod";
import { builtInDerivators } from "../../blocks/derivators/catalogue.ts";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import type { BlockDefinition, SettingsSchema } from "../../blocks/model/component.ts";
import type { DataType } from "../../blocks/model/data-type.ts";
import type { Derivation } from "../../blocks/model/derivation.ts";
import type { Derivator } from "../../blocks/model/derivator.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { sharedState } from "../../blocks/model/shared-state.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { type VirtualClock, virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";
import { Flow } from "../../runtime/streams/flow.ts";
import { GraphDSL } from "../../runtime/streams/graph-dsl.ts";
import type { Graph, Inlet, Outlet, Shape } from "../../runtime/streams/graph-stage.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { TestSink, type TestSubscriber } from "../../runtime/streams/probes/test-sink.ts";
import { type TestPublisher, TestSource } from "../../runtime/streams/probes/test-source.ts";
import type { RunnableGraph, RunningGraph } from "../../runtime/streams/runnable-graph.ts";
import { GatedStore } from "./gated-store.ts";

export interface BlockRunOptions {
  /** Outlets that something listens to: each gets a probe. Default none. */
  readonly outlets?: readonly string[];
  readonly store?: GatedStore;
  readonly derivators?: readonly Derivator[];
  readonly derivations?: readonly Derivation[];
}

/** One block between probes, over a store that the test holds and breaks. */
export class BlockRun {
  readonly clock: VirtualClock = virtualClock();
  readonly system = new ActorSystem({ clock: this.clock });
  readonly table = new SeriesTable();
  readonly flushes = new Subject<void>();
  readonly store: GatedStore;
  readonly input: TestPublisher<unknown>;
  readonly running: RunningGraph<unknown>;
  /** What arrived at each outlet and was not taken. */
  readonly #passed: ReadonlyMap<string, unknown[]>;
  readonly #outlets: Readonly<Record<string, TestSubscriber<unknown>>>;

  /** @param given Settings as a user writes them; `store` is there already. */
  constructor(definition: BlockDefinition, given: Readonly<Record<string, unknown>>, options: BlockRunOptions = {}) {
    this.store = options.store ?? new GatedStore();
    const { outlets = [], derivators = builtInDerivators, derivations = [] } = options;
    const settings: z.output<SettingsSchema> = definition.settings.parse({ store: "main", ...given });
    const stage = definition.open(settings, {
      graph: "test",
      node: "it",
      clock: this.clock,
      log: silentLog,
      table: this.table,
      store: () => this.store,
      outlets: new Set(outlets),
      derivators,
      buckets: utcRules,
      derivations,
      flushes: this.flushes,
      shared: sharedState(),
    });
    this.#passed = new Map(outlets.map((name) => [name, []]));
    this.running = between(stage, this.#passed).runWatched(this.system);
    const { input, ...others } = this.running.materialized as Record<string, unknown>;
    this.input = input as TestPublisher<unknown>;
    this.#outlets = others as Readonly<Record<string, TestSubscriber<unknown>>>;
  }

  outlet<T>(name: string): TestSubscriber<T> {
    return this.#outlets[name] as TestSubscriber<T>;
  }

  /** Takes the next element that arrived at an outlet, for a closer look. */
  taken<T>(name: string): T {
    this.clock.runSoon();
    const element = this.#passed.get(name)?.shift();
    assert(element !== undefined, `nothing arrived at "${name}"`);
    this.outlet(name).expectNext(element);
    return element as T;
  }

  /** `[metric, type, time, value]` of each row; a chunk per layout among them. */
  chunks(rows: readonly (readonly [string, DataType, number, unknown])[], receipt: Receipt): ObservationChunk[] {
    const builder = new ChunkBuilder(this.table);
    for (const [metric, type, time, value] of rows) builder.add(this.table.intern(metric, {}, type), time, value);
    return builder.build(receipt);
  }

  /** One chunk of doubles of one series, at these times; the value of each is its time. */
  doubles(times: readonly number[], receipt: Receipt, metric = "flow"): ObservationChunk {
    const [chunk] = this.chunks(
      times.map((time) => [metric, "tdouble", time, time]),
      receipt,
    );
    return chunk as ObservationChunk;
  }

  /** Lets turns, promises and I/O come to rest; time stands. */
  async rest(): Promise<void> {
    await this.clock.settle();
  }

  /** Moves time on, and lets everything come to rest. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms);
    await this.rest();
  }
}

/** A receipt, and what has become of it. */
export class FollowedReceipt {
  readonly receipt: Receipt;
  settled: Tally | undefined;

  constructor(rows: number) {
    this.receipt = new Receipt(
      rows,
      (tally) => {
        this.settled = tally;
      },
      () => assert.fail("a block leaves failing to the run"),
    );
  }

  get isSettled(): boolean {
    return this.settled !== undefined;
  }
}

function between(stage: Graph<Shape, unknown>, passed: ReadonlyMap<string, unknown[]>): RunnableGraph<unknown> {
  const parts: Record<string, Graph<Shape, unknown>> = { input: TestSource.probe<unknown>() };
  for (const [name, elements] of passed) {
    const note = Flow.of<unknown>().map((element) => {
      elements.push(element);
      return element;
    });
    parts[name] = note.toMat(TestSink.probe<unknown>(), Keep.right);
  }
  return GraphDSL.create(parts, (builder, shapes) => {
    const ports = builder.add(stage);
    builder.connect(shapes.input?.outlets[0] as Outlet<unknown>, ports.inlets[0] as Inlet<unknown>);
    for (const outlet of ports.outlets) builder.connect(outlet, shapes[outlet.name]?.inlets[0] as Inlet<unknown>);
  });
}
