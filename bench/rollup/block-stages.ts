import assert from "node:assert/strict";
import { NEVER } from "rxjs";
import { aggregationBlock } from "../../blocks/aggregation.ts";
import { floatResult, floatStateWidth } from "../../blocks/derivators/float-state.ts";
import { messageBlock } from "../../blocks/message.ts";
import { utcRules } from "../../blocks/model/bucket-rules.ts";
import { chunkRowsMax } from "../../blocks/model/chunk-builder.ts";
import type { BlockContext } from "../../blocks/model/component.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { sharedState } from "../../blocks/model/shared-state.ts";
import type { Store, StoreWrite } from "../../blocks/model/store.ts";
import { MemoryStore } from "../../connectors/memory/store.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { Tally } from "../../runtime/receipt.ts";
import { GraphDSL } from "../../runtime/streams/graph-dsl.ts";
import type { Inlet, Outlet } from "../../runtime/streams/graph-stage.ts";
import { Source } from "../../runtime/streams/source.ts";
import { type BucketValues, bucketChecksum } from "../bucket-checksum.ts";
import { internSensors, sensorChunks } from "../sensor-chunks.ts";
import { type SensorRows, sensorRows, seriesCount } from "../sensor-rows.ts";
import type { Participant, PreparedRun } from "../workload.ts";
import { RollupStore } from "./rollup-store.ts";

/**
 * The engine as a graph has it, without a buffer: a source of chunks of as many rows as other sources give one, the message block, the aggregation block to
 * one-minute buckets and a store, on an actor system with the clock of the machine. Every receipt is settled, and rows of any
 * number and age may come: peers do neither.
 *
 * Beside it another graph of the same blocks has rows on their way to a store and waits for it, as there are in an engine at work. A
 * process without any, as between two runs, loses what was compiled for them at the next collection of garbage.
 *
 * Peers keep no raw rows. To be compared with them, the store keeps the rollups alone; the engine sorts the raw rows by series and
 * hands them to it all the same. `keepsRows` is the store in memory, which copies them: what a graph would do.
 *
 * @param chunkRows Rows of a chunk.
 */
export function blockStages(
  input: (rows: number, seed: number) => SensorRows,
  keepsRows: boolean,
  chunkRows = chunkRowsMax,
): Participant {
  return {
    name: keepsRows ? "millrace-and-rows" : "millrace",
    async open({ rows, seed }) {
      const columns = input(rows, seed);
      await waitingGraph(sensorRows(waitingRows, seed + 1));
      return { prepare: async () => (keepsRows ? keepingRows(columns) : rollupsAlone(columns, chunkRows)) };
    },
  };
}

/** A recording and the beginning of another. */
const waitingRows = 300_000;

/** Nothing else would keep them from being collected. */
const waiting: ActorSystem[] = [];

/** Lasts until the process ends. */
async function waitingGraph(rows: SensorRows): Promise<void> {
  const table = internSensors(new SeriesTable());
  const system = new ActorSystem({ clock: systemClock });
  waiting.push(system);
  await new Promise<void>((resolve, failed) => {
    const source = Source.from(sensorChunks(rows, table, { settled: () => {}, failed })).concat(Source.never());
    const store = new StalledStore(resolve);
    blockGraph(source, table, store, ["1m"], {}).runWatched(system).done.catch(failed);
  });
}

/** Never done with its writes. */
class StalledStore extends RollupStore {
  readonly #writes: StoreWrite[] = [];
  readonly #onStates: () => void;

  constructor(onStates: () => void) {
    super();
    this.#onStates = onStates;
  }

  override write(write: StoreWrite): Promise<void> {
    this.#writes.push(write);
    if (write.states !== undefined) this.#onStates();
    return new Promise(() => {});
  }
}

function rollupsAlone(rows: SensorRows, chunkRows: number): PreparedRun {
  const table = internSensors(new SeriesTable());
  const store = new RollupStore();
  return {
    elements: rows.length,
    oneThread: true,
    run: () => rollUp(rows, table, store, ["1m"], chunkRows),
    finish: async () => bucketChecksum(store.floats().flatMap(bucketsOf)),
  };
}

function keepingRows(rows: SensorRows): PreparedRun {
  const table = internSensors(new SeriesTable());
  const store = new MemoryStore();
  return {
    elements: rows.length,
    oneThread: true,
    run: () => rollUp(rows, table, store),
    async finish() {
      const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
      const ranges = Array.from({ length: seriesCount }, (_, index) => ({ series: table.at(index), ...everything }));
      const stored = await store.readStates("1m", ranges);
      return bucketChecksum(stored.flatMap(({ floats }) => bucketsOf(floats ?? new Float64Array(0))));
    },
  };
}

/** Rows through the message and the aggregation block into a store; resolves when all are durable. */
export async function rollUp(
  rows: SensorRows,
  table: SeriesTable,
  store: Store,
  aggregators = ["1m"],
  chunkRows = chunkRowsMax,
  grouper = {},
): Promise<void> {
  const chunks = (heard: Heard) => sensorChunks(rows, table, heard, chunkRows);
  await rollUpChunks(chunks, rows.length, table, store, aggregators, grouper);
}

interface Heard {
  readonly settled: (tally: Tally) => void;
  readonly failed: (error: Error) => void;
}

/** The same of `rows` rows, in chunks of any source that tells how they were settled. */
export async function rollUpChunks(
  chunks: (heard: Heard) => Iterable<ObservationChunk>,
  rows: number,
  table: SeriesTable,
  store: Store,
  aggregators: readonly string[],
  grouper = {},
): Promise<void> {
  let durable = 0;
  const settled = (tally: Tally) => {
    durable += tally.durable;
  };
  const failed = (error: Error) => {
    throw error;
  };
  const system = new ActorSystem({ clock: systemClock });
  const source = Source.from(chunks({ settled, failed }));
  await blockGraph(source, table, store, aggregators, grouper).runWatched(system).done;
  await system.terminate();
  assert.equal(durable, rows, "every row must be settled as durable");
}

function blockGraph(
  chunks: Source<ObservationChunk>,
  table: SeriesTable,
  store: Store,
  aggregators: readonly string[],
  grouper: object,
) {
  const given = { store: "main", aggregators };
  const recording = { ...given, grouper };
  const context = (node: string, outlets: readonly string[]): BlockContext => ({
    ...{ graph: "bench", node, clock: systemClock, log: silentLog, table, outlets: new Set(outlets) },
    ...{
      store: () => store,
      derivators: [],
      derivations: [],
      buckets: utcRules,
      flushes: NEVER,
      shared: sharedState(),
    },
  });
  const message = messageBlock.open(messageBlock.settings.parse(recording), context("message", ["updates"]));
  const aggregation = aggregationBlock.open(aggregationBlock.settings.parse(given), context("aggregation", []));
  return GraphDSL.create((builder): undefined => {
    const source = builder.add(chunks);
    const recorded = builder.add(message);
    const rollingUp = builder.add(aggregation);
    builder.connect(source.out, recorded.inlets[0] as Inlet<unknown>);
    builder.connect(recorded.outlets[0] as Outlet<unknown>, rollingUp.inlets[0] as Inlet<unknown>);
  });
}

/** The buckets of states side by side. */
export function bucketsOf(floats: Float64Array): BucketValues[] {
  const buckets: BucketValues[] = [];
  for (let at = 0; at < floats.length; at += floatStateWidth) {
    buckets.push({
      count: floatResult(floats, at, "count"),
      first: floatResult(floats, at, "first"),
      last: floatResult(floats, at, "last"),
      min: floatResult(floats, at, "min"),
      max: floatResult(floats, at, "max"),
      sum: floatResult(floats, at, "sum"),
      squares: floatResult(floats, at, "s_sum"),
    });
  }
  return buckets;
}
