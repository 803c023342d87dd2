import { floatState, floatStateWidth } from "../derivators/float-state.ts";
import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { StateRows, Store } from "../model/store.ts";
import type { DerivatorSets } from "../rollup/derivator-set.ts";

/** A bucket of `chain[level]` in which the buckets of the periods from `lowest` up to `level` are to be made again. */
export interface BackfillUnit {
  readonly series: Series;
  /** Periods that are made one from the other, from fine to coarse. */
  readonly chain: readonly Period[];
  readonly lowest: number;
  readonly level: number;
  readonly from: number;
  readonly to: number;
  /** Data points to be read for it. */
  readonly points: number;
}

/** Buckets that are looked at in one reading. */
export const bucketsMax = 4_096;

/** What the units of a series are cut from. */
export interface UnitsOptions {
  readonly store: Store;
  readonly sets: DerivatorSets;
  readonly pointsMax: number;
}

/**
 * Cuts a range of a series, as its stored buckets show it, into units of at most `pointsMax` data points, or one bucket of the
 * first period; a bucket that is cut follows behind its parts, without those. They come in ascending order.
 *
 * @param range Whole buckets of the last period.
 * @param after Units that end here or before are left out.
 */
export async function* unitsOf(
  options: UnitsOptions,
  series: Series,
  chain: readonly Period[],
  range: { readonly from: number; readonly to: number },
  after: number,
  level = chain.length - 1,
): AsyncGenerator<BackfillUnit, void, undefined> {
  const period = chain[level] as Period;
  for (let at = range.from; at < range.to; ) {
    const end = Math.min(range.to, windowEnd(at, period));
    const [rows] = end <= after ? [] : await options.store.readStates(period.key, [{ series, from: at, to: end }]);
    for (const [row, from] of rows?.start.entries() ?? []) {
      const to = period.next(from);
      if (to <= after) continue;
      const whole = { series, chain, level, from, to };
      const points = countOf(rows as StateRows, row, series, options.sets);
      if (level === 0 || points <= options.pointsMax) yield { ...whole, lowest: 0, points };
      else {
        yield* unitsOf(options, series, chain, { from, to }, after, level - 1);
        yield { ...whole, lowest: level, points: 0 };
      }
    }
    at = end;
  }
}

/** Behind about `bucketsMax` buckets from `from` on. */
export function windowEnd(from: number, period: Period): number {
  const start = period.start(from);
  return from + bucketsMax * (period.next(start) - start);
}

function countOf({ floats, bytes }: StateRows, row: number, { type }: Series, sets: DerivatorSets): number {
  if (floats !== undefined) return floats[row * floatStateWidth + floatState.count] as number;
  const set = sets.of(type);
  return Number(set.result(set.decode(bytes?.[row] ?? new Uint8Array(0)), "count") ?? 0);
}
