import { newColumn, type Points } from "../../blocks/model/columns.ts";
import { defineStore } from "../../blocks/model/component.ts";
import { layoutOf } from "../../blocks/model/data-type.ts";
import { matchesFilter } from "../../blocks/model/selector.ts";
import type { Series, Tagset } from "../../blocks/model/series.ts";
import { touchedShards } from "../../blocks/model/shard.ts";
import type {
  SeriesFilter,
  SeriesRange,
  StateRows,
  Store,
  StoreDeletes,
  StoreWrite,
} from "../../blocks/model/store.ts";
import { record } from "../../config/declare.ts";
import { EngineError } from "../../runtime/errors.ts";
import { type Cells, type NamedCells, SortedRows, type TimedCells } from "./sorted-rows.ts";

export const memoryStore = defineStore({
  type: "memory",
  summary: "Keeps everything in memory until the process ends; for tests and simulation.",
  settings: record({}),
  open: async () => new MemoryStore(),
});

/** A store that forgets everything with the process. It grows with what is written, without a bound: for tests only. */
export class MemoryStore implements Store {
  readonly writesInOrder = true;
  readonly #kept = new Map<string, KeptSeries>();
  /** The same by object, so that a name is built once a table and series. */
  readonly #known = new WeakMap<Series, KeptSeries>();
  readonly #staticTagsets = new Map<string, Tagset>();
  #closed = false;

  async newest(series: readonly Series[]): Promise<Float64Array> {
    this.#assertOpen();
    return Float64Array.from(series, (one) => this.#find(one)?.points.newest ?? Number.NEGATIVE_INFINITY);
  }

  async readObservations(ranges: readonly SeriesRange[]): Promise<Points[]> {
    this.#assertOpen();
    return ranges.map(({ series, from, to }) => {
      const { time, cells } = this.#find(series)?.points.read(from, to) ?? nothing;
      return { time, values: cells.values?.column ?? newColumn(layoutOf(series.type), 0) };
    });
  }

  async readStates(period: string, ranges: readonly SeriesRange[]): Promise<StateRows[]> {
    this.#assertOpen();
    return ranges.map(({ series, from, to }) => {
      const { time, cells } = this.#find(series)?.states.get(period)?.read(from, to) ?? nothing;
      return stateRows(time, cells);
    });
  }

  async write(write: StoreWrite): Promise<void> {
    this.#assertOpen();
    if (write.deletes !== undefined) this.#delete(write.deletes);
    for (const { series, points } of write.observations ?? []) {
      if (points.time.length > 0) this.#keep(series).observed = true;
      this.#keep(series).points.write(points.time, { values: { width: 1, column: points.values } });
    }
    for (const { series, period, rows } of write.states ?? []) {
      const { states } = this.#keep(series);
      let kept = states.get(period);
      if (kept === undefined) {
        kept = new SortedRows();
        states.set(period, kept);
      }
      kept.write(rows.start, cellsOf(rows));
    }
    for (const { series, shard } of write.tags ?? []) this.#keep(series).shards.add(shard);
    for (const { metric, tagset } of write.staticTagsets ?? []) {
      if (tagset.size === 0) this.#staticTagsets.delete(metric);
      else this.#staticTagsets.set(metric, new Map(tagset));
    }
  }

  async find(filter: SeriesFilter): Promise<Series[]> {
    this.#assertOpen();
    const touched = filter.range === undefined ? undefined : touchedShards(filter.range);
    if (filter.range !== undefined && touched === undefined) return [];
    const found: Series[] = [];
    for (const { series, observed, shards } of this.#kept.values()) {
      if (!observed || !matchesFilter(filter, series, this.#staticTagsets.get(series.metric))) continue;
      if (touched === undefined || [...shards].some((shard) => touched.has(shard))) found.push(series);
    }
    return found.sort((a, b) => order(a.canonical, b.canonical) || order(a.type, b.type));
  }

  async staticTagsets(metrics?: readonly string[]): Promise<Map<string, Tagset>> {
    this.#assertOpen();
    const wanted = metrics === undefined ? undefined : new Set(metrics);
    return new Map([...this.#staticTagsets].filter(([metric]) => wanted?.has(metric) ?? true));
  }

  /** Shards in which the series had data points, ascending: the tag index. */
  async shards(series: Series): Promise<string[]> {
    this.#assertOpen();
    return [...(this.#find(series)?.shards ?? [])].sort();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the store as it is closed");
  }

  #delete({ observations, states, tags, series }: StoreDeletes): void {
    for (const { series: one, from, to } of observations ?? []) this.#find(one)?.points.remove(from, to);
    for (const { series: one, period, from, to } of states ?? []) this.#find(one)?.states.get(period)?.remove(from, to);
    for (const { series: one, shard } of tags ?? []) this.#find(one)?.shards.delete(shard);
    for (const one of series ?? []) {
      const kept = this.#find(one);
      if (kept === undefined) continue;
      // Emptied, not dropped: other tables may know it by object.
      kept.observed = false;
      kept.points = new SortedRows();
      kept.states.clear();
      kept.shards.clear();
    }
  }

  #find(series: Series): KeptSeries | undefined {
    const known = this.#known.get(series);
    if (known !== undefined) return known;
    const kept = this.#kept.get(identityOf(series));
    if (kept !== undefined) this.#known.set(series, kept);
    return kept;
  }

  #keep(series: Series): KeptSeries {
    let kept = this.#find(series);
    if (kept === undefined) {
      kept = { series, observed: false, points: new SortedRows(), states: new Map(), shards: new Set() };
      this.#kept.set(identityOf(series), kept);
    }
    return kept;
  }
}

interface KeptSeries {
  readonly series: Series;
  observed: boolean;
  points: SortedRows;
  readonly states: Map<string, SortedRows>;
  readonly shards: Set<string>;
}

const nothing: TimedCells = { time: new Float64Array(0), cells: {} };
const identityOf = (series: Series) => `${series.type}\0${series.canonical}`;
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function cellsOf({ start, floats, bytes }: StateRows): NamedCells {
  const cells: Record<string, Cells> = {};
  if (floats !== undefined && start.length > 0) cells.floats = { width: floats.length / start.length, column: floats };
  if (bytes !== undefined) cells.bytes = { width: 1, column: bytes.map((one) => one.slice()) };
  return cells;
}

/** Where the rows differ in what they carry, absent numbers are NaN and absent bytes are empty. */
function stateRows(start: Float64Array, { floats, bytes }: NamedCells): StateRows {
  if (start.length === 0) return { start };
  const encoded = bytes?.column as (Uint8Array | undefined)[] | undefined;
  return {
    start,
    ...(floats && { floats: floats.column as Float64Array }),
    ...(encoded && { bytes: encoded.map((one) => one?.slice() ?? new Uint8Array(0)) }),
  };
}
