import { builtInDerivators, namedDerivators } from "../../../blocks/derivators/catalogue.ts";
import { floatStateWidth, foldFloats, mergeFloats } from "../../../blocks/derivators/float-state.ts";
import { type BucketRules, utcRules } from "../../../blocks/model/bucket-rules.ts";
import { newColumn, type Points } from "../../../blocks/model/columns.ts";
import { layoutOf } from "../../../blocks/model/data-type.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import { type Period, periodOf } from "../../../blocks/model/period.ts";
import { type Series, SeriesTable } from "../../../blocks/model/series.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { StateTable } from "../../../blocks/rollup/state-table.ts";
import { MemoryStore } from "../../../connectors/memory/store.ts";

/** A store with series and, where it has periods, their rollups: the first folded, the others merged from the one before. */
export class FilledStore {
  readonly store = new MemoryStore();
  readonly table = new SeriesTable();
  readonly periods: readonly Period[];
  readonly buckets: BucketRules;
  readonly sets: DerivatorSets;
  readonly all: DerivatorSets;

  constructor(periods: readonly string[] = [], more: readonly Derivator[] = [], buckets = utcRules) {
    this.periods = periods.map((label) => periodOf(label, buckets));
    this.buckets = buckets;
    this.sets = new DerivatorSets([...builtInDerivators, ...more]);
    this.all = new DerivatorSets([...new Set([...builtInDerivators, ...namedDerivators, ...more])]);
  }

  /** @param rows Ascending in time. */
  async add(
    metric: string,
    tags: Record<string, string>,
    type: string,
    rows: readonly (readonly [number, unknown])[],
  ): Promise<Series> {
    const series = this.table.intern(metric, tags, type);
    const values = newColumn(layoutOf(type), rows.length);
    for (const [row, [, value]] of rows.entries()) values[row] = value;
    const points: Points = { time: Float64Array.from(rows, ([time]) => time), values };
    await this.store.write({ observations: [{ series, points }] });
    let finer: StateTable | undefined;
    for (const period of this.periods) {
      finer = finer === undefined ? this.#folded(series, points, period) : this.#merged(series, finer, period);
      const states = finer.rows(0, finer.length, series, this.sets.of(series.type));
      await this.store.write({ states: [{ series, period: period.key, rows: states }] });
    }
    return series;
  }

  #folded(series: Series, points: Points, period: Period): StateTable {
    const set = this.sets.of(series.type);
    const states = new StateTable();
    for (let from = 0; from < points.time.length; ) {
      const start = period.start(points.time[from] ?? 0);
      let to = from + 1;
      while (to < points.time.length && (points.time[to] ?? 0) < period.next(start)) to += 1;
      const others = set.seed();
      const row = states.append(series.index, start, others);
      if (points.values instanceof Float64Array) {
        foldFloats(states.floats, row * floatStateWidth, points.time, points.values, from, to);
      }
      set.add(others, points, from, to);
      from = to;
    }
    return states;
  }

  #merged(series: Series, finer: StateTable, period: Period): StateTable {
    const set = this.sets.of(series.type);
    const states = new StateTable();
    for (let row = 0; row < finer.length; row += 1) {
      const start = period.start(finer.start[row] ?? 0);
      const last = states.length - 1;
      const same = last >= 0 && states.start[last] === start;
      const into = same ? last : states.append(series.index, start, set.seed());
      mergeFloats(states.floats, into * floatStateWidth, finer.floats, row * floatStateWidth);
      set.merge(states.others[into] ?? [], finer.others[row] ?? []);
    }
    return states;
  }
}
