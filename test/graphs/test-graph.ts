import assert from "node:assert/strict";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import {
  type ComponentContext,
  type ComponentDefinition,
  defineBlock,
  defineBuffer,
  defineSink,
  defineSource,
  defineStore,
  type SinkElement,
  type SourceElement,
} from "../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { StoreWrite } from "../../blocks/model/store.ts";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { integer, list, record, text } from "../../config/declare.ts";
import type { Diagnostic } from "../../config/diagnostic.ts";
import { readGraphText } from "../../config/graph-file.ts";
import { MemoryBuffer } from "../../connectors/memory/memory-buffer.ts";
import { MemoryStore } from "../../connectors/memory/store.ts";
import type { Catalogue } from "../../graphs/catalogue.ts";
import { Engine } from "../../graphs/engine.ts";
import type { Plan } from "../../graphs/plan.ts";
import { plan } from "../../graphs/planner.ts";
import { type VirtualClock, virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { type Log, silentLog } from "../../runtime/log.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../../runtime/streams/graph-stage.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";

/** A graph text, checked and planned. */
export async function planOf(
  graphText: string,
  catalogue: Catalogue = new World().catalogue,
): Promise<{ readonly plan: Plan; readonly diagnostics: readonly Diagnostic[] }> {
  let planned: Plan | undefined;
  const { diagnostics } = await readGraphText(graphText, "test.yaml", {
    catalogue,
    environment: {},
    readText: () => Promise.reject(new Error("there is no other file")),
    check: (graph, faults) => {
      planned = plan(graph, catalogue, faults);
    },
  });
  assert.ok(planned, diagnostics.map(({ message }) => message).join("\n"));
  return { plan: planned, diagnostics };
}

/** Everything outside of one engine that a test looks at or turns: time, stores, what sources hand in and sinks get. */
export class World {
  readonly clock: VirtualClock;
  readonly catalogue = builtInCatalogue();
  /** What was opened and closed, in order. */
  readonly events: string[] = [];
  readonly stores = new Map<string, FlakyStore>();
  /** Errors and warnings. */
  readonly logged: string[] = [];
  readonly delivered: SinkElement[] = [];
  readonly letters: [node: string, element: SinkElement][] = [];
  /** Handles of the sources of type `test/push`, by node. */
  readonly pushes = new Map<string, (element: SourceElement) => void>();
  /** Writes that each store of type `test/flaky` refuses before it takes any. */
  failures = 0;

  constructor(clock: VirtualClock = virtualClock(Date.UTC(2020, 0, 2), 7)) {
    this.clock = clock;
    for (const definition of this.#components()) this.catalogue.add(definition);
  }

  async start(graphText: string): Promise<Engine> {
    const { plan: planned, diagnostics } = await planOf(graphText, this.catalogue);
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      [],
    );
    return Engine.start(planned, {
      catalogue: this.catalogue,
      clock: this.clock,
      log: this.#log(),
      deadLetters: async (_graph, { node }) =>
        Sink.foreach<SinkElement>((element) => {
          this.letters.push([node, element]);
          element.receipt.release();
        }),
    });
  }

  /** Lets time pass until it is so. */
  async until(isSo: () => boolean, stepMs = 50, stepsMax = 2_000): Promise<void> {
    for (let step = 0; step < stepsMax; step += 1) {
      await this.clock.settle();
      if (isSo()) return;
      this.clock.advance(stepMs);
    }
    assert.fail(`it is not so after ${stepMs * stepsMax} ms: ${isSo.toString()}`);
  }

  /** Lets time pass until a promise settles. */
  async during<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const note = () => {
      settled = true;
    };
    promise.then(note, note);
    await this.until(() => settled);
    return promise;
  }

  /** The rows of a store as text, in order of series and time. */
  async stored(name = "main"): Promise<string[]> {
    const store = this.store(name).kept;
    const series = await store.find({ tags: new Map() });
    const from = Number.NEGATIVE_INFINITY;
    const read = await store.readObservations(
      series.map((one) => ({ series: one, from, to: Number.POSITIVE_INFINITY })),
    );
    return read.flatMap(({ time, values }, index) =>
      Array.from(time, (at, row) => `${series[index]?.canonical} ${at} ${String(values[row])}`),
    );
  }

  store(name = "main"): FlakyStore {
    const store = this.stores.get(name);
    assert.ok(store);
    return store;
  }

  #log(): Log {
    const note = (sentence: string) => {
      this.logged.push(sentence);
    };
    const log: Log = { ...silentLog, warn: note, error: note, child: () => log };
    return log;
  }

  #components(): ComponentDefinition[] {
    const rows = record({
      rows: integer("Data points.", { default: 10 }),
      chunk: integer("Data points a chunk.", { default: 1 }),
      metric: list("Series, in turn.", text("Metric."), { default: ["a"] }),
      start: integer("Time of the first.", { default: 0 }),
    });
    return [
      defineSource({
        type: "test/rows",
        summary: "Hands in rows and ends.",
        delivery: "at-least-once",
        finite: () => true,
        settings: rows,
        open: async (given, context) => {
          this.events.push(`open ${context.node}`);
          return Source.from(
            this.#following(`close ${context.node}`, () =>
              chunksOf(context, given.rows, given.chunk, given.metric, given.start),
            ),
          );
        },
      }),
      defineSource({
        type: "test/push",
        summary: "Hands in what the test says.",
        delivery: "at-most-once",
        finite: () => false,
        settings: record({}),
        open: async (_, { node }) => {
          this.events.push(`open ${node}`);
          return Source.queue<SourceElement>(1_000).mapMaterializedValue((queue) => {
            this.pushes.set(node, (element) => {
              queue.offer(element);
            });
          });
        },
      }),
      defineSource({
        type: "test/broken",
        summary: "Cannot be opened.",
        delivery: "at-most-once",
        finite: () => false,
        settings: record({}),
        open: () =>
          Promise.reject(new EngineError("CONNECTION_FAILED", "Cannot reach the device as it is switched off")),
      }),
      defineStore({
        type: "test/flaky",
        summary: "Refuses the first writes.",
        settings: record({}),
        open: async (_, { node }) => {
          this.events.push(`open ${node}`);
          const store = new FlakyStore(this.failures, () => this.events.push(`close ${node}`));
          this.stores.set(node, store);
          return store;
        },
      }),
      defineBuffer({
        type: "test/durable",
        summary: "Passes for one that survives the process.",
        durable: true,
        settings: record({}),
        open: async () => {
          const buffer = new MemoryBuffer({ partitions: 1, rowsMax: 1_000 }, this.clock);
          return Object.defineProperty(buffer, "durable", { value: true });
        },
      }),
      defineSink({
        type: "test/collect",
        summary: "Collects what it gets.",
        accepts: ["observations", "aggregations", "dead-letters"],
        settings: record({}),
        open: async (_, { node }) => {
          this.events.push(`open ${node}`);
          return Sink.foreach<SinkElement>((element) => {
            this.delivered.push(element);
            if (element instanceof ObservationChunk) element.receipt.durable(element.length);
            element.receipt.release();
          });
        },
      }),
      defineBlock({
        type: "pass",
        summary: "Passes everything.",
        accepts: ["observations"],
        outlets: { observations: "observations" },
        bounds: false,
        settings: record({}),
        open: (_, { outlets }) => new PassStage(outlets),
      }),
      defineBlock({
        type: "limit",
        summary: "Passes everything; on a cycle it would drop.",
        accepts: ["observations"],
        outlets: { observations: "observations" },
        bounds: true,
        settings: record({}),
        open: (_, { outlets }) => new PassStage(outlets),
      }),
    ];
  }

  *#following(event: string, make: () => Iterable<SourceElement>): Iterable<SourceElement> {
    try {
      yield* make();
    } finally {
      this.events.push(event);
    }
  }
}

function* chunksOf(
  { table }: ComponentContext,
  rows: number,
  chunkRows: number,
  metrics: readonly string[],
  start: number,
): Iterable<ObservationChunk> {
  const builder = new ChunkBuilder(table);
  let failure: Error | undefined;
  for (let row = 0; row < rows; row += 1) {
    if (failure !== undefined) throw failure;
    builder.addNumber(table.intern(metrics[row % metrics.length] ?? "a", {}, "tdouble"), start + row * 1_000, row);
    if (builder.rows < chunkRows && row < rows - 1) continue;
    const receipt = new Receipt(
      builder.rows,
      () => {},
      (error) => {
        failure = error;
      },
    );
    yield* builder.build(receipt);
  }
}

/** One chunk of `values`, one second apart from `start`. */
export function chunkOf(
  engine: Engine,
  metric: string,
  values: readonly number[],
  receipt: Receipt,
  start = 0,
): ObservationChunk {
  const builder = new ChunkBuilder(engine.table);
  const series = engine.table.intern(metric, {}, "tdouble");
  for (const [row, value] of values.entries()) builder.addNumber(series, start + row * 1_000, value);
  const [chunk] = builder.build(receipt);
  assert.ok(chunk);
  return chunk;
}

export function lettersOf(receipt: Receipt, node: string): DeadLetterChunk {
  const letter = { node, code: "MESSAGE_INVALID", reason: "It is bad", where: {}, payload: "x", at: 0 } as const;
  receipt.deadLettered("MESSAGE_INVALID", 1);
  return new DeadLetterChunk([letter], receipt);
}

/** Keeps everything in memory, once it has refused as many writes as it was told. */
export class FlakyStore extends MemoryStore {
  failures: number;
  /** What was written survives `close`. */
  readonly kept = new MemoryStore();
  readonly #onClose: () => void;

  constructor(failures: number, onClose: () => void) {
    super();
    this.failures = failures;
    this.#onClose = onClose;
  }

  override async write(write: StoreWrite): Promise<void> {
    if (this.failures > 0) {
      this.failures -= 1;
      throw new EngineError("STORE_FAILED", "Cannot write as the disk is on fire", { retryable: true });
    }
    await this.kept.write(write);
    await super.write(write);
  }

  override async close(): Promise<void> {
    this.#onClose();
    await super.close();
  }
}

class PassShape implements Shape {
  readonly in = new Inlet<ObservationChunk>("in");
  readonly observations: Outlet<ObservationChunk> | undefined;

  constructor(outlets: ReadonlySet<string>) {
    this.observations = outlets.has("observations") ? new Outlet("observations") : undefined;
  }

  get inlets() {
    return [this.in];
  }

  get outlets() {
    return this.observations === undefined ? [] : [this.observations];
  }
}

class PassStage extends GraphStage<PassShape> {
  readonly shape: PassShape;

  constructor(outlets: ReadonlySet<string>) {
    super();
    this.shape = new PassShape(outlets);
  }

  createLogic(): GraphStageLogic {
    return new PassLogic(this.shape);
  }
}

class PassLogic extends GraphStageLogic {
  readonly #shape: PassShape;

  constructor(shape: PassShape) {
    super(shape);
    this.#shape = shape;
    const { in: inlet, observations } = shape;
    this.setHandler(inlet, {
      onPush: () => {
        const chunk = this.grab(inlet);
        if (observations !== undefined) {
          this.push(observations, chunk);
          return;
        }
        chunk.receipt.filtered("nobody listens", chunk.length);
        chunk.receipt.release();
        this.pull(inlet);
      },
    });
    if (observations !== undefined) this.setHandler(observations, { onPull: () => this.pull(inlet) });
  }

  override preStart(): void {
    if (this.#shape.observations === undefined) this.pull(this.#shape.in);
  }
}
