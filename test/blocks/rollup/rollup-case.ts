import fc from "fast-check";
import { type BucketRules, bucketRules, utcRules } from "../../../blocks/model/bucket-rules.ts";

/** One data point on its way into the engine. */
export interface Entry {
  /** Its place in `metrics`. */
  readonly metric: number;
  /** Ms since the epoch. */
  readonly time: number;
  /** As a column holds it. */
  readonly value: unknown;
}

export const metrics = [
  { name: "flow", type: "tdouble" },
  { name: "level", type: "tdouble" },
  { name: "counter", type: "tlong" },
  { name: "open", type: "tbool" },
  { name: "note", type: "ttext" },
  { name: "van", type: "pos2d" },
  { name: "photo", type: "tbinary" },
] as const;

/** What a crash leaves of the writes that were under way: a store may keep any part of them. */
export const losses = ["nothing", "raw", "states", "everything", "every other entry"] as const;
export type Loss = (typeof losses)[number];

/** One flush and what follows it. */
export interface Step {
  /** Rows of each chunk of the flush. */
  readonly chunks: readonly number[];
  /** The raw rows become durable before the rollups of the flush are computed; else after they are written. */
  readonly rawFirst: boolean;
  /** The rollups of the flush are computed only after the next flush was recorded. */
  readonly lags: boolean;
  /** The position is committed, where everything so far is durable. */
  readonly commits: boolean;
  /** The engine is killed, with this part of the flush lost, and starts again from the last commit. */
  readonly killed: Loss | undefined;
  /** Behind all that: something is deleted, at the second try where the first one was lost in part. */
  readonly deletes: Deletion | undefined;
}

export interface Deletion {
  /** Place of an entry, modulo their number: of its series it deletes… */
  readonly entry: number;
  /** …from so many ms before it… */
  readonly before: number;
  /** …so many ms; absent: all of the series. */
  readonly length: number | undefined;
  readonly loses: Loss;
}

export interface RollupCase {
  /** In the order in which they entered the buffer. */
  readonly entries: readonly Entry[];
  readonly labels: readonly string[];
  readonly rules: BucketRules;
  readonly hotSeriesMax: number;
  /** What is left behind the last step is delivered in one more flush. */
  readonly steps: readonly Step[];
}

/** Cases of one property; `MILLRACE_CASES` in the environment asks for more. */
const casesMax = Number(process.env.MILLRACE_CASES ?? 200);
/** Chosen by each run, and printed where it fails, unless the environment has one. */
const seed = process.env.MILLRACE_SEED;

/** So many of them, as fast-check takes it. */
export function runsOf(share: number): { numRuns: number; seed?: number } {
  return { numRuns: Math.ceil(share * casesMax), ...(seed !== undefined && { seed: Number(seed) }) };
}

/**
 * Few series and few timestamps, near one or two borders of buckets, so that repeats, corrections and late points abound and
 * coarse buckets have several finer ones.
 */
export function rollupCases({
  doubleMax = Number.MAX_VALUE,
  zones = everyRules,
  near = borders,
}: {
  doubleMax?: number;
  zones?: readonly BucketRules[];
  near?: readonly number[];
} = {}): fc.Arbitrary<RollupCase> {
  const entries = fc
    .record({
      time: fc.subarray([...near], { minLength: 1, maxLength: 2 }).chain(timeNear),
      values: fc.subarray(valuesOf(doubleMax), { minLength: 1, maxLength: 3 }),
    })
    .chain(({ time, values }) => {
      const entry = values.map(([metric, value]) => fc.record({ metric: fc.constant(metric), time, value }));
      return fc.array(fc.oneof(...entry), { minLength: 1, maxLength: 40 });
    });
  return fc.record({
    entries,
    labels: fc.constantFrom(
      ["1m", "1h", "1d", "1mo"],
      ["1m", "1h", "1d", "1mo"],
      ["1m", "1h", "1d", "1mo"],
      ["7s", "14s"],
      ["1h"],
      ["2mo"],
      ["30m", "1h", "1d", "7d"],
      ["1d", "1mo", "3mo", "12mo"],
    ),
    rules: fc.constantFrom(...zones),
    hotSeriesMax: fc.constantFrom(1, 2, 1_000),
    steps: fc.array(step, { maxLength: 10 }),
  });
}

const step: fc.Arbitrary<Step> = fc.record({
  chunks: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 3 }),
  rawFirst: fc.boolean(),
  lags: fc.boolean(),
  commits: fc.boolean(),
  killed: fc.option(fc.constantFrom(...losses), { nil: undefined, freq: 2 }),
  deletes: fc.option(
    fc.record({
      entry: fc.nat(40),
      before: fc.constantFrom(0, 0, 1, 60_000, 3_600_000, 86_400_000),
      length: fc.constantFrom(1, 2, 60_000, 60_001, 3_600_000, 86_400_000, 3e9, 1e15, undefined),
      loses: fc.constantFrom(...losses),
    }),
    { nil: undefined, freq: 3 },
  ),
});

const everyRules = [
  utcRules,
  utcRules,
  bucketRules("UTC", "end"),
  bucketRules("Europe/Brussels", "start"),
  bucketRules("Europe/Brussels", "end"),
  bucketRules("Asia/Kathmandu", "start"),
  bucketRules("America/St_Johns", "end"),
  bucketRules("Pacific/Apia", "start"),
];

/** Starts of years, months and days on both sides of 1970, the leap day among them, and an early one. */
export const borders = [
  "0001-01-02T00:00:00Z",
  "1970-01-01T00:00:00Z",
  "1969-12-01T00:00:00Z",
  "1900-03-01T00:00:00Z",
  "2000-02-29T00:00:00Z",
  "2020-02-29T00:00:00Z",
  "2020-03-01T00:00:00Z",
  "2021-03-01T00:00:00Z",
  "2024-12-31T23:00:00Z",
  "2025-01-01T00:00:00Z",
  // Where clocks change in Brussels, and the day that Samoa skipped.
  "2024-03-31T01:00:00Z",
  "2024-10-27T01:00:00Z",
  "2011-12-30T10:00:00Z",
].map((text) => Date.parse(text));

/** Whole buckets of the shorter periods. */
const offsets = [0, 0, 7_000, 60_000, 120_000, 3_600_000, 7_200_000, 86_400_000, 604_800_000];

/** Up to three places near the borders, and instants in, before and behind the minute that begins at each. */
function timeNear(near: readonly number[]): fc.Arbitrary<fc.Arbitrary<number>> {
  const place = fc
    .tuple(fc.constantFrom(...near), fc.constantFrom(...offsets))
    .map(([border, offset]) => border + offset);
  const instant = fc.oneof(fc.constantFrom(-1, 0, 1, 30_000, 59_999, 60_000), fc.integer({ min: 0, max: 59_999 }));
  return fc
    .array(place, { minLength: 1, maxLength: 3 })
    .chain((places) => {
      const time = fc.tuple(fc.constantFrom(...places), instant).map(([start, offset]) => start + offset);
      return fc.array(time, { minLength: 1, maxLength: 12 });
    })
    .map((pool) => fc.constantFrom(...pool));
}

/** By metric: its place, and values in the form of its column. */
function valuesOf(doubleMax: number): [number, fc.Arbitrary<unknown>][] {
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -doubleMax, max: doubleMax }),
    fc.integer({ min: -1_000, max: 1_000 }).map((tenths) => tenths / 10),
  );
  const long = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 1n, 0n),
  );
  const text = fc.oneof(fc.constantFrom("", "a", "\ufeffb"), fc.string({ unit: "binary" }));
  const degrees = (max: number) => fc.double({ noNaN: true, min: -max, max });
  const position = fc.record({ latitude: degrees(90), longitude: degrees(180) }, { noNullPrototype: true });
  return [double, double, long, fc.constantFrom(0, 1), text, position, fc.uint8Array({ maxLength: 4 })].map(
    (value, metric) => [metric, value],
  );
}
