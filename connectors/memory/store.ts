import { newColumn, type Points } from "../../blocks/model/columns.ts";
import { defineStore } from "../../blocks/model/component.ts";
import { layoutOf } from "../../blocks/model/data-type.ts";
import type { Series } from "../../blocks/model/series.ts";
import type { SeriesFilter, SeriesRange, StateRows, Store, StoreWrite } from "../../blocks/model/store.ts";
import { record } from "../../config/declare.ts";
import { EngineError } from "../../runtime/errors.ts";
import { SortedRows } from "./sorted-rows.ts";

export const memoryStore = defineStore({
  type: "memory",
  summary: "Keeps everything in memory until the process ends; for tests and simulation.",
  settings: record({}),
  open: async () => new MemoryStore(),
});

/** A store that forgets everything with the process. It grows with what is written, without a bound: for tests only. */
export class MemoryStore implements Store {
  readonly #kept = new Map<string, KeptSeries>();
  #closed = false;

  async newest(series: readonly Series[]): Promise<Float64Array> {
    this.#assertOpen();
    return Float64Array.from(
      series,
      (one) => this.#kept.get(identityOf(one))?.points.newest ?? Number.NEGATIVE_INFINITY,
    );
  }

  async readObservations(ranges: readonly SeriesRange[]): Promise<Points[]> {
    this.#assertOpen();
    return ranges.map(({ series, from, to }) => {
      const { time, values } = this.#kept.get(identityOf(series))?.points.read(from, to) ?? nothing;
      const column = newColumn(layoutOf(series.type), values.length);
      for (const [row, value] of values.entries()) column[row] = value;
      return { time: Float64Array.from(time), values: column };
    });
  }

  async readStates(period: string, ranges: readonly SeriesRange[]): Promise<StateRows[]> {
    this.#assertOpen();
    return ranges.map(({ series, from, to }) => {
      const { time, values } = this.#kept.get(identityOf(series))?.states.get(period)?.read(from, to) ?? nothing;
      return stateRows(time, values);
    });
  }

  async write(write: StoreWrite): Promise<void> {
    this.#assertOpen();
    for (const { series, points } of write.observations ?? []) {
      const { points: kept } = this.#keep(series);
      for (const [row, time] of points.time.entries()) kept.set(time, points.values[row]);
    }
    for (const { series, period, rows } of write.states ?? []) {
      const { states } = this.#keep(series);
      const kept = states.get(period) ?? new SortedRows<State>();
      states.set(period, kept);
      for (const [row, start] of rows.start.entries()) kept.set(start, stateOf(rows, row));
    }
    for (const { series, shard } of write.tags ?? []) this.#keep(series).shards.add(shard);
  }

  async find(filter: SeriesFilter): Promise<Series[]> {
    this.#assertOpen();
    const found: Series[] = [];
    for (const { series, points } of this.#kept.values()) {
      if (points.size > 0 && matches(series, filter)) found.push(series);
    }
    return found.sort((a, b) => order(a.canonical, b.canonical) || order(a.type, b.type));
  }

  /** Shards in which the series had data points, ascending: the tag index. */
  async shards(series: Series): Promise<string[]> {
    this.#assertOpen();
    return [...(this.#kept.get(identityOf(series))?.shards ?? [])].sort();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the store as it is closed");
  }

  #keep(series: Series): KeptSeries {
    const identity = identityOf(series);
    let kept = this.#kept.get(identity);
    if (kept === undefined) {
      kept = { series, points: new SortedRows(), states: new Map(), shards: new Set() };
      this.#kept.set(identity, kept);
    }
    return kept;
  }
}

interface KeptSeries {
  readonly series: Series;
  readonly points: SortedRows<unknown>;
  readonly states: Map<string, SortedRows<State>>;
  readonly shards: Set<string>;
}

interface State {
  readonly floats: Float64Array | undefined;
  readonly bytes: Uint8Array | undefined;
}

const nothing: { time: number[]; values: never[] } = { time: [], values: [] };
const identityOf = (series: Series) => `${series.type}\0${series.canonical}`;
const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function matches(series: Series, filter: SeriesFilter): boolean {
  if (filter.metric !== undefined && series.metric !== filter.metric) return false;
  for (const [key, value] of filter.tags) if (series.tagset.get(key) !== value) return false;
  return true;
}

function stateOf(rows: StateRows, row: number): State {
  const width = rows.floats === undefined ? 0 : rows.floats.length / rows.start.length;
  return { floats: rows.floats?.slice(row * width, (row + 1) * width), bytes: rows.bytes?.[row]?.slice() };
}

/** Where the rows differ in what they carry, absent numbers are NaN and absent bytes are empty. */
function stateRows(time: readonly number[], states: readonly State[]): StateRows {
  const width = states.reduce((widest, { floats }) => Math.max(widest, floats?.length ?? 0), 0);
  const floats = new Float64Array(width * states.length).fill(Number.NaN);
  for (const [row, state] of states.entries()) floats.set(state.floats ?? [], row * width);
  const hasBytes = states.some(({ bytes }) => bytes !== undefined);
  return {
    start: Float64Array.from(time),
    ...(width === 0 ? {} : { floats }),
    ...(hasBytes ? { bytes: states.map(({ bytes }) => bytes?.slice() ?? new Uint8Array(0)) } : {}),
  };
}
