import fc from "fast-check";
import { timestampMin } from "../../../blocks/model/timestamp.ts";

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
}

export interface RollupCase {
  /** In the order in which they entered the buffer. */
  readonly entries: readonly Entry[];
  readonly labels: readonly string[];
  readonly hotSeriesMax: number;
  /** What is left behind the last step is delivered in one more flush. */
  readonly steps: readonly Step[];
}

/** Cases of one property; `MILLRACE_CASES` in the environment asks for more. */
export const casesMax = Number(process.env["MILLRACE_CASES"] ?? 200);

/** Few series, few timestamps (on and around the borders of buckets), so that repeats, corrections and late points abound. */
export function rollupCases({ doubleMax = Number.MAX_VALUE } = {}): fc.Arbitrary<RollupCase> {
  const entries = fc
    .array(times, { minLength: 1, maxLength: 12 })
    .chain((pool) => fc.array(entryAt(fc.constantFrom(...pool), doubleMax), { minLength: 1, maxLength: 40 }));
  return fc.record({
    entries,
    labels: fc.constantFrom(
      ["1m", "1h", "1d", "1mo"],
      ["7s", "14s"],
      ["1h"],
      ["2mo"],
      ["30m", "1h", "1d", "7d"],
      ["1d", "1mo", "3mo", "12mo"],
    ),
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
});

const borders = [
  "1970-01-01T00:00:00Z",
  "1969-12-01T00:00:00Z",
  "1900-03-01T00:00:00Z",
  "2000-02-29T00:00:00Z",
  "2020-02-29T00:00:00Z",
  "2020-03-01T00:00:00Z",
  "2021-03-01T00:00:00Z",
  "2024-12-31T23:00:00Z",
  "2025-01-01T00:00:00Z",
].map((text) => Date.parse(text));

const offsets = [0, 7_000, 14_000, 59_999, 60_000, 1_800_000, 3_600_000, 86_400_000, 604_800_000];

const times: fc.Arbitrary<number> = fc
  .tuple(
    fc.constantFrom(...borders, timestampMin + 86_400_000),
    fc.oneof(fc.constantFrom(...offsets), fc.integer({ min: 0, max: 200_000 })),
    fc.constantFrom(-1, 0, 1),
  )
  .map(([border, offset, nudge]) => border + offset + nudge);

function entryAt(time: fc.Arbitrary<number>, doubleMax: number): fc.Arbitrary<Entry> {
  const double = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -doubleMax, max: doubleMax }),
    fc.integer({ min: -1_000, max: 1_000 }).map((tenths) => tenths / 10),
  );
  const long = fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(2n ** 53n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 1n, 0n),
  );
  const degrees = (max: number) => fc.double({ noNaN: true, min: -max, max });
  const values: readonly fc.Arbitrary<unknown>[] = [
    double,
    double,
    long,
    fc.constantFrom(0, 1),
    fc.oneof(fc.constantFrom("", "a", "\ufeffb"), fc.string({ unit: "binary" })),
    fc.record({ latitude: degrees(90), longitude: degrees(180) }, { noNullPrototype: true }),
  ];
  return fc.oneof(...values.map((value, metric) => fc.record({ metric: fc.constant(metric), time, value })));
}
