/**
 * Data points whose rollups follow from arithmetic: series `n` has the value `i` at `start + i` seconds, for every `i` below a
 * count, over a boundary of minutes, hours, days and months.
 */
export const start = Date.UTC(2024, 0, 31, 22, 30, 17);

/** Records of ten data points each, in order; about a tenth of them come a second time later. */
export function* recordsOf(series: number, from: number, to: number): Generator<string> {
  for (let first = from; first < to; first += 10) {
    yield record(series, first);
    if (first % 100 === 0 && first >= from + 50) yield record(series, first - 50);
  }
}

function record(series: number, first: number): string {
  const values = Array.from({ length: 10 }, (_, offset) => {
    const at = new Date(start + (first + offset) * 1000).toISOString().slice(0, 19);
    return `["${at}",${first + offset}]`;
  });
  return `${keyOf(series)}\t{"metric":"m","tagset":{"n":"${series}"},"type":"tlong","values":[${values.join(",")}]}`;
}

export const keyOf = (series: number) => `m{n="${series}"}`;

const lengths: Readonly<Record<string, (ms: number) => number>> = {
  "1m": (ms) => Math.floor(ms / 60_000) * 60_000,
  "1h": (ms) => Math.floor(ms / 3_600_000) * 3_600_000,
  "1d": (ms) => Math.floor(ms / 86_400_000) * 86_400_000,
  "1mo": (ms) => Date.UTC(new Date(ms).getUTCFullYear(), new Date(ms).getUTCMonth()),
};
export const periods = Object.keys(lengths);

/** Start, count, sum, least and greatest of each bucket of a series of `count` data points: an arithmetic series each. */
export function expectedRollups(period: string, count: number): [string, number, number, number, number][] {
  const bucketOf = lengths[period] ?? Number;
  const rows: [string, number, number, number, number][] = [];
  for (let first = 0; first < count; ) {
    const bucket = bucketOf(start + first * 1000);
    let end = first;
    while (end < count && bucketOf(start + end * 1000) === bucket) end += 1;
    const points = end - first;
    rows.push([new Date(bucket).toISOString().slice(0, 19), points, (points * (first + end - 1)) / 2, first, end - 1]);
    first = end;
  }
  return rows;
}
