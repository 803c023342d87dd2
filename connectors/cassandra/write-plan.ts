import type { Series } from "../../blocks/model/series.ts";
import type { ShardSize } from "../../blocks/model/shard.ts";
import type { ObservationsWrite, StatesWrite, StoreWrite } from "../../blocks/model/store.ts";
import { longCell, textCell } from "./cell.ts";
import type { Batch, Parameter } from "./client.ts";
import type { Keyspaces } from "./keyspaces.ts";
import { partitionBatches } from "./partition-batches.ts";
import { keyOf } from "./series-key.ts";
import { type ShardUse, tagLevel } from "./series-index.ts";
import { rawShards, rollupShards, type ShardPlan } from "./shard-plan.ts";
import { stateCells, stateColumns } from "./state-columns.ts";
import { valueColumnOf } from "./value-column.ts";

/** A server takes a batch of 65,535 statements; a few hundred are as quick, and share the work better. */
const batchRowsMax = 500;

/** Cuts one write into batches of one partition each, made one by one as they are drawn. */
export class WritePlan {
  readonly #write: StoreWrite;
  readonly #timestamp: number;
  readonly #keyspaces: Keyspaces;
  readonly #sharder: ShardSize;
  readonly #limits: { readonly bytesMax: number; readonly rowsMax: number };

  /** @param timestamp Of rows without a revision, µs since the epoch. */
  constructor(
    write: StoreWrite,
    timestamp: number,
    options: { readonly keyspaces: Keyspaces; readonly sharder: ShardSize; readonly batchBytesMax: number },
  ) {
    this.#write = write;
    this.#timestamp = timestamp;
    this.#keyspaces = options.keyspaces;
    this.#sharder = options.sharder;
    this.#limits = { bytesMax: options.batchBytesMax, rowsMax: batchRowsMax };
  }

  /** Every shard that the write puts rows into, and every one that it names. */
  *shardUses(): Generator<ShardUse, void, undefined> {
    const raw = rawShards(this.#sharder);
    const rollups = [rollupShards(this.#sharder, "1m"), rollupShards(this.#sharder, "1h")];
    for (const { series, points } of this.#write.observations ?? []) {
      // Tags and rollups follow from data points: their shards cost nothing in the same request.
      for (const { shard, from } of partsOf(points.time, raw)) {
        yield { series, level: raw.level, shard };
        yield { series, level: tagLevel, shard };
        for (const plan of rollups)
          yield { series, level: plan.level, shard: plan.labelOf(points.time[from] as number) };
      }
    }
    for (const { series, period, rows } of this.#write.states ?? []) {
      const plan = rollupShards(this.#sharder, period);
      for (const { shard } of partsOf(rows.start, plan)) yield { series, level: plan.level, shard };
    }
    for (const { series, shard } of this.#write.tags ?? []) yield { series, level: tagLevel, shard };
  }

  *batches(): Generator<Batch, void, undefined> {
    const plan = rawShards(this.#sharder);
    for (const observations of this.#write.observations ?? []) yield* this.#observations(observations, plan);
    const bySeries = new Map<Series, StatesWrite[]>();
    for (const states of this.#write.states ?? []) {
      const ofSeries = bySeries.get(states.series);
      if (ofSeries === undefined) bySeries.set(states.series, [states]);
      else ofSeries.push(states);
    }
    for (const [series, states] of bySeries) yield* this.#states(series, states);
  }

  *#observations({ series, points, revision }: ObservationsWrite, plan: ShardPlan): Generator<Batch, void, undefined> {
    const { time, values } = points;
    const column = valueColumnOf(series.type);
    const query = `INSERT INTO ${this.#keyspaces.raw}.observations (metric, tagset, type, shard, datetime, ${column.name})
      VALUES (?, ?, ?, ?, ?, ?)`;
    const [metric, tagset, type] = keyOf(series);
    function* rows({ shard, from, to }: Part): Generator<Parameter[], void, undefined> {
      const shardCell = textCell(shard);
      for (let row = from; row < to; row += 1) {
        yield [metric, tagset, type, shardCell, longCell(time[row] as number), column.encode(values, row)];
      }
    }
    for (const part of partsOf(time, plan)) {
      yield* partitionBatches({ query, timestamp: revision ?? this.#timestamp }, rows(part), this.#limits);
    }
  }

  /** Periods whose shards have one name share the partition, and so its batches. */
  *#states(series: Series, writes: readonly StatesWrite[]): Generator<Batch, void, undefined> {
    const columns = ["metric", "tagset", "type", "shard", "period", ...stateColumns];
    // The timestamp of a row, where it has one of its own, stands over that of its batch.
    const ofRows = writes.some(({ revisions }) => revisions !== undefined);
    const query = `INSERT INTO ${this.#keyspaces.aggregated}.aggregations (${columns.join(", ")})
      VALUES (${columns.map(() => "?").join(", ")})${ofRows ? " USING TIMESTAMP ?" : ""}`;
    const byShard = new Map<string, { readonly write: StatesWrite; readonly part: Part }[]>();
    for (const write of writes) {
      for (const part of partsOf(write.rows.start, rollupShards(this.#sharder, write.period))) {
        const ofShard = byShard.get(part.shard);
        if (ofShard === undefined) byShard.set(part.shard, [{ write, part }]);
        else ofShard.push({ write, part });
      }
    }
    const timestamp = writes[0]?.revision ?? this.#timestamp;
    for (const [shard, parts] of byShard) {
      const key = [...keyOf(series), textCell(shard)];
      const rows = stateRows(key, parts, ofRows ? timestamp : undefined);
      yield* partitionBatches({ query, timestamp }, rows, this.#limits);
    }
  }
}

/** @param timestamp Of rows that have no revision of their own; absent: the batch says. */
function* stateRows(
  key: readonly Buffer[],
  parts: readonly { readonly write: StatesWrite; readonly part: Part }[],
  timestamp: number | undefined,
): Generator<Parameter[], void, undefined> {
  for (const { write, part } of parts) {
    const { period, rows, revisions } = write;
    const periodCell = textCell(period);
    for (let row = part.from; row < part.to; row += 1) {
      const cells = stateCells(rows, row, write.results?.(row) ?? []);
      const revision = timestamp === undefined ? [] : [longCell(revisions?.[row] ?? timestamp)];
      yield [...key, periodCell, ...cells, ...revision];
    }
  }
}

interface Part {
  readonly shard: string;
  readonly from: number;
  readonly to: number;
}

/** Ascending instants by shard. */
function* partsOf(time: Float64Array, plan: ShardPlan): Generator<Part, void, undefined> {
  for (let from = 0; from < time.length; ) {
    const end = plan.endOf(time[from] as number);
    const to = (time[time.length - 1] as number) < end ? time.length : firstFrom(time, end, from);
    yield { shard: plan.labelOf(time[from] as number), from, to };
    from = to;
  }
}

/** The first index from `from` on whose instant is not before `end`. */
function firstFrom(time: Float64Array, end: number, from: number): number {
  let low = from;
  let high = time.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((time[middle] as number) < end) low = middle + 1;
    else high = middle;
  }
  return low;
}
