import type { Period } from "../model/period.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import type { OnFailure } from "./derivator-failures.ts";
import type { DerivatorSets } from "./derivator-set.ts";
import type { StateTable } from "./state-table.ts";

/**
 * Waits for the states that are computed in other threads.
 *
 * @returns undefined where there are none.
 * @param results Where results are wanted too: the period of the buckets.
 * @param failed What is told of failures of a bucket.
 */
export function settleStates(
  states: StateTable,
  table: SeriesTable,
  sets: DerivatorSets,
  results: Period | undefined,
  failed: (series: Series, start: number) => OnFailure,
): Promise<unknown> | undefined {
  const waiting: Promise<void>[] = [];
  states.others.forEach((others, row) => {
    if (others === undefined) return;
    const series = table.at(states.series[row] as number);
    const set = sets.of(series.type);
    if (!set.settles) return;
    const start = states.start[row] as number;
    const bucket = results && { start, end: results.next(start) };
    const settling = set.settle(others, bucket, failed(series, start));
    if (settling !== undefined) waiting.push(settling);
  });
  return waiting.length === 0 ? undefined : Promise.all(waiting);
}
