import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesRange } from "../model/store.ts";
import type { AnswerSeries } from "./answer-series.ts";
import type { Row } from "./query-result.ts";
import type { Window } from "./read-windows.ts";

/** One way to make rows of what is stored. */
export interface Reading {
  /** Columns behind `series` and `timestamp`. */
  readonly values: readonly string[];
  /** Buckets that a window must not cut. */
  readonly align: Period | undefined;
  /** The range to read of series whose newest observation is at `newest`, ms since the epoch. */
  bounds(newest: number): Window;
  /** The rows of each answer in the window, ascending in time, and how many stored rows they were made of. */
  read(answers: readonly AnswerSeries[], window: Window): Promise<{ rows: Row[][]; rowsRead: number }>;
}

/** Series whose stored rows are in memory at the same time. */
const seriesMax = 64;

/**
 * Reads the window of every member of every answer, in order, a bounded number of series at a time.
 *
 * @param read One result per range, in the same order.
 * @param take Gets each result with the index of its answer.
 */
export async function readMembers<Read>(
  answers: readonly AnswerSeries[],
  window: Window,
  read: (ranges: readonly SeriesRange[]) => Promise<Read[]>,
  take: (result: Read, series: Series, answer: number) => void,
): Promise<void> {
  const members = answers.flatMap((answer, index) => answer.members.map((series) => ({ series, index })));
  for (let from = 0; from < members.length; from += seriesMax) {
    const some = members.slice(from, from + seriesMax);
    const results = await read(some.map(({ series }) => ({ series, ...window })));
    results.forEach((result, place) => {
      const member = some[place];
      if (member !== undefined) take(result, member.series, member.index);
    });
  }
}
