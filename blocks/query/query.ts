import type { BucketRules } from "../model/bucket-rules.ts";
import type { Period } from "../model/period.ts";
import type { Series } from "../model/series.ts";
import type { SeriesFilter, Store } from "../model/store.ts";
import type { DerivatorSets } from "../rollup/derivator-set.ts";
import { type AnswerSeries, answerSeries, type Grouping } from "./answer-series.ts";
import { bucketReading } from "./bucket-reading.ts";
import { observationReading } from "./observation-reading.ts";
import type { QueryResult, Row } from "./query-result.ts";
import { ReadWindows } from "./read-windows.ts";
import type { Reading } from "./reading.ts";
import { RowBudget } from "./row-budget.ts";

export interface QueryRequest {
  readonly filter: SeriesFilter;
  /** First instant, ms since the epoch; absent: all there is before `to`. */
  readonly from?: number | undefined;
  /** The instant behind the last one, ms since the epoch; absent: all there is from `from` on. */
  readonly to?: number | undefined;
  /** A time aggregator such as `5m`; absent: the observations themselves. */
  readonly every?: string | undefined;
  /** Columns behind `series` and `timestamp`; none: `value`, or with `every` what `chosenValues` says. */
  readonly values: readonly string[];
  readonly grouping: Grouping;
  /** Rows that the answer may have, at least 1. */
  readonly rowsMax: number;
}

/** What the processor of the store was set to keep. */
export interface QueryContext {
  /** The stored aggregators, ascending. */
  readonly periods: readonly Period[];
  readonly buckets: BucketRules;
  /** What is stored of each bucket. */
  readonly sets: DerivatorSets;
  /** What can be computed of the observations. */
  readonly all: DerivatorSets;
}

/**
 * Reads observations, or buckets of any period, out of a store.
 *
 * Buckets are those with an instant from `from` up to `to` (exclusive), each whole, with its label as the timestamp; one without
 * data gives no row. They come from the coarsest stored period that divides `every`, merged in ascending order; from the
 * observations where there is none, or where a value is asked for that is not kept.
 *
 * Rows are in order of series, timestamp and type of the series. A series with two types answers with both, unless merged.
 *
 * Memory: the answer, at most `rowsMax` rows, and one window of stored rows; see `ReadWindows`.
 *
 * @throws {EngineError} `SETTING_INVALID` where `every` is no aggregator, or a value cannot be merged over several series;
 *   `SETTING_UNKNOWN` where a value is unknown; `SELECTOR_INVALID` where series of types that do not mix should merge;
 *   `SIZE_LIMIT` where there are more than `rowsMax` rows; `STORE_FAILED`.
 */
export async function runQuery(store: Store, request: QueryRequest, context: QueryContext): Promise<QueryResult> {
  const found = await store.find(request.filter);
  const answers = answerSeries(found, request.filter, request.grouping);
  const budget = new RowBudget(request.rowsMax);
  const reading =
    request.every === undefined
      ? observationReading(store, request, budget)
      : bucketReading(store, { ...request, every: request.every }, answers, context, budget);
  const rows: Row[][] = [];
  for (const batch of batchesOf(answers)) rows.push(...(await readBatch(store, batch, reading)));
  return { columns: ["series", "timestamp", ...reading.values], rows: inOrder(answers, rows) };
}

/** Series that are read in one go: enough to make a look-up over a network worth its while. */
const batchSeriesMax = 64;

/** Neighbouring answers of at most `batchSeriesMax` stored series together; one with more is a batch of its own. */
function* batchesOf(answers: readonly AnswerSeries[]): Generator<AnswerSeries[], void, undefined> {
  let batch: AnswerSeries[] = [];
  let series = 0;
  for (const answer of answers) {
    if (batch.length > 0 && series + answer.members.length > batchSeriesMax) {
      yield batch;
      batch = [];
      series = 0;
    }
    batch.push(answer);
    series += answer.members.length;
  }
  if (batch.length > 0) yield batch;
}

/** The rows of each answer of the batch, ascending in time. */
async function readBatch(store: Store, batch: readonly AnswerSeries[], reading: Reading): Promise<Row[][]> {
  const members: Series[] = batch.flatMap((answer) => answer.members);
  let newest = Number.NEGATIVE_INFINITY;
  for (const time of await store.newest(members)) newest = Math.max(newest, time);
  const parts: Row[][][] = batch.map(() => []);
  if (newest !== Number.NEGATIVE_INFINITY) {
    const windows = new ReadWindows(reading.bounds(newest), reading.align);
    for (let window = windows.next(); window !== undefined; window = windows.next()) {
      const { rows, rowsRead } = await reading.read(batch, window);
      windows.saw(rowsRead);
      rows.forEach((part, index) => {
        parts[index]?.push(part);
      });
    }
  }
  // The windows went back in time.
  return parts.map((part) => part.reverse().flat());
}

/** Joins the rows of all answers; those of one name, which differ in type, by timestamp. */
function inOrder(answers: readonly AnswerSeries[], rows: readonly Row[][]): Row[] {
  const joined: Row[] = [];
  for (let first = 0; first < answers.length; ) {
    let end = first + 1;
    while (end < answers.length && answers[end]?.name === answers[first]?.name) end += 1;
    const ofName = rows.slice(first, end).flat();
    if (end - first > 1) ofName.sort((a, b) => a[1] - b[1]);
    for (const row of ofName) joined.push(row);
    first = end;
  }
  return joined;
}
