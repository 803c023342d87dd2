import type { Series, SeriesTable } from "../model/series.ts";
import type { OnFailure } from "./derivator-failures.ts";
import type { DerivatorSets } from "./derivator-set.ts";
import type { StateTable } from "./state-table.ts";

/** Waits for the states that are computed in other threads. @param failed What is told of failures of a bucket. */
export async function settleStates(
  states: StateTable,
  table: SeriesTable,
  sets: DerivatorSets,
  withResults: boolean,
  failed: (series: Series, start: number) => OnFailure,
): Promise<void> {
  const waiting: Promise<void>[] = [];
  states.others.forEach((others, row) => {
    if (others === undefined) return;
    const series = table.at(states.series[row] as number);
    const set = sets.of(series.type);
    if (!set.settles) return;
    const settling = set.settle(others, withResults, failed(series, states.start[row] as number));
    if (settling !== undefined) waiting.push(settling);
  });
  if (waiting.length > 0) await Promise.all(waiting);
}
