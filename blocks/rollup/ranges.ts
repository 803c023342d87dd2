import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesRange } from "../model/store.ts";

/** Reading so many untouched buckets costs less than another look-up. */
const gapBucketsMax = 16;

/** Ranges that cover the buckets with these starts (ascending), neighbours joined. */
export function coalescedRanges(series: Series, starts: readonly number[], period: Period): SeriesRange[] {
  const ranges: SeriesRange[] = [];
  let from: number | undefined;
  let to = 0;
  for (const start of starts) {
    const end = period.next(start);
    if (from === undefined) from = start;
    else if (start - to > gapBucketsMax * (end - start)) {
      ranges.push({ series, from, to });
      from = start;
    }
    to = end;
  }
  if (from !== undefined) ranges.push({ series, from, to });
  return ranges;
}
