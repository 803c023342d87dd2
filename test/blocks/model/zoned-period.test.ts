import { DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bucketRules } from "../../../blocks/model/bucket-rules.ts";
import { divides, type Period, periodOf } from "../../../blocks/model/period.ts";
import { formatTimestamp, parseTimestamp, timestampMax, timestampMin } from "../../../blocks/model/timestamp.ts";

const at = parseTimestamp;
const minute = 60_000;
const hour = 3_600_000;

/** Starts of the buckets from that of `from` up to `to`, UTC. */
function starts(period: Period, from: string, to: string): string[] {
  const found: string[] = [];
  for (let start = period.start(at(from)); start < at(to); start = period.next(start)) {
    found.push(formatTimestamp(start).replace(/(:00)?\.000Z$/, ""));
  }
  return found;
}

function lengths(period: Period, from: string, to: string, unit: number): number[] {
  const found: number[] = [];
  for (let start = period.start(at(from)); start < at(to); start = period.next(start)) {
    found.push((period.next(start) - start) / unit);
  }
  return found;
}

const inZone = (label: string, zone: string) => periodOf(label, bucketRules(zone, "start"));

test("days in Brussels have 23 hours when clocks go forward and 25 when they go back", () => {
  const days = inZone("1d", "Europe/Brussels");
  expect(starts(days, "2024-03-30T12:00", "2024-04-01T12:00")).toEqual(
    ["2024-03-29T23:00", "2024-03-30T23:00", "2024-03-31T22:00", "2024-04-01T22:00"].slice(0, 3),
  );
  expect(lengths(days, "2024-03-30T12:00", "2024-04-01T12:00", hour)).toEqual([24, 23, 24]);
  expect(lengths(days, "2024-10-26T12:00", "2024-10-28T12:00", hour)).toEqual([24, 25, 24]);
  expect(lengths(inZone("1mo", "Europe/Brussels"), "2024-03-15T00:00", "2024-05-15T00:00", hour)).toEqual([
    31 * 24 - 1,
    30 * 24,
    31 * 24,
  ]);
});

test("hours keep their length where clocks change, and are those of UTC where zones are whole hours away", () => {
  const hours = inZone("1h", "Europe/Brussels");
  expect(new Set(lengths(hours, "2024-03-29T23:00", "2024-11-01T23:00", hour))).toEqual(new Set([1]));
  expect(hours.start(at("2024-03-31T01:30"))).toBe(at("2024-03-31T01:00"));
});

test("six hours are a quarter of the day from its start: the last of a day takes the change", () => {
  const quarters = inZone("6h", "Europe/Brussels");
  expect(lengths(quarters, "2024-03-30T23:00", "2024-03-31T22:00", hour)).toEqual([6, 6, 6, 5]);
  expect(lengths(quarters, "2024-10-26T22:00", "2024-10-27T23:00", hour)).toEqual([6, 6, 6, 6, 1]);
});

test("hours follow the local clock in Kathmandu and St. John's", () => {
  expect(inZone("1h", "Asia/Kathmandu").start(at("2024-05-05T00:14"))).toBe(at("2024-05-04T23:15"));
  expect(inZone("1d", "Asia/Kathmandu").start(at("2024-05-05T00:14"))).toBe(at("2024-05-04T18:15"));
  expect(inZone("1h", "America/St_Johns").start(at("2024-05-05T00:14"))).toBe(at("2024-05-04T23:30"));
  // Clocks went forward at one minute past midnight there in 2006.
  expect(lengths(inZone("1d", "America/St_Johns"), "2006-04-01T12:00", "2006-04-03T12:00", hour)).toEqual([24, 23, 24]);
  expect(lengths(inZone("1d", "America/St_Johns"), "2006-10-28T12:00", "2006-10-30T12:00", hour)).toEqual([24, 25, 24]);
});

test("the last hour of the day on Lord Howe is half an hour when clocks go forward by half an hour", () => {
  const day = inZone("1d", "Australia/Lord_Howe");
  const start = day.start(at("2024-10-06T05:00"));
  const hours = lengths(
    inZone("1h", "Australia/Lord_Howe"),
    formatTimestamp(start),
    formatTimestamp(day.next(start)),
    minute,
  );
  expect(hours).toEqual([...Array.from({ length: 23 }, () => 60), 30]);
});

test("the day that Samoa skipped has no bucket", () => {
  const days = inZone("1d", "Pacific/Apia");
  expect(starts(days, "2011-12-29T12:00", "2012-01-01T12:00")).toEqual([
    "2011-12-29T10:00",
    "2011-12-30T10:00",
    "2011-12-31T10:00",
    "2012-01-01T10:00",
  ]);
  expect(lengths(inZone("2d", "Pacific/Apia"), "2011-12-29T12:00", "2012-01-03T12:00", hour)).toEqual([48, 24, 48, 48]);
  expect(lengths(inZone("1mo", "Pacific/Apia"), "2011-12-15T00:00", "2011-12-20T00:00", hour)).toEqual([30 * 24]);
});

test("a day that Kwajalein had twice is one bucket", () => {
  const [length] = lengths(inZone("1d", "Pacific/Kwajalein"), "1969-09-30T06:00", "1969-09-30T07:00", hour);
  expect(length).toBe(47);
});

test("clocks in Casablanca go back for Ramadan and forward after it", () => {
  const days = inZone("1d", "Africa/Casablanca");
  expect(lengths(days, "2024-03-09T12:00", "2024-03-11T12:00", hour)).toEqual([24, 25, 24]);
  expect(lengths(days, "2024-04-13T12:00", "2024-04-15T12:00", hour)).toEqual([24, 23, 24]);
});

test("where clocks go forward at midnight the day begins with the change", () => {
  expect(starts(inZone("1d", "America/Sao_Paulo"), "2018-11-04T12:00", "2018-11-05T12:00")).toEqual([
    "2018-11-04T03:00",
    "2018-11-05T02:00",
  ]);
  expect(lengths(inZone("1d", "America/Sao_Paulo"), "2018-11-03T12:00", "2018-11-04T12:00", hour)).toEqual([24, 23]);
});

test.each(["36h", "1441m", "100000s"])(
  "%s is refused in a zone, as it is more than a day and no whole days",
  (label) => {
    expect(() => inZone(label, "Europe/Brussels")).toThrow(expect.objectContaining({ code: "SETTING_INVALID" }));
  },
);

test("buckets of other rules are stored apart", () => {
  const keys = [
    periodOf("1d"),
    inZone("1d", "Europe/Brussels"),
    periodOf("1d", bucketRules("UTC", "end")),
    periodOf("1d", bucketRules("Europe/Brussels", "end")),
  ].map(({ key }) => key);
  expect(keys).toEqual(["1d", "1d Europe/Brussels", "1d end", "1d Europe/Brussels end"]);
});

// TSorage's own tests of its time aggregators: (start, end], labelled by the end.
test.each([
  ["1m", "2019-08-09T12:34:56.000789", "2019-08-09T12:35:00"],
  ["1h", "2019-08-09T12:34:56.000789", "2019-08-09T13:00:00"],
  ["1d", "2019-08-09T12:34:56.000789", "2019-08-10T00:00:00"],
  ["1mo", "2019-08-09T12:34:56.000789", "2019-09-01T00:00:00"],
  ["1m", "2019-08-09T12:34:00", "2019-08-09T12:34:00"],
  ["1m", "2019-11-11T01:44:00", "2019-11-11T01:44:00"],
  ["1h", "2019-08-09T12:00:00", "2019-08-09T12:00:00"],
  ["1d", "2019-08-09T00:00:00", "2019-08-09T00:00:00"],
  ["1mo", "2019-08-01T00:00:00", "2019-08-01T00:00:00"],
  ["1m", "2019-08-09T12:34:00.001", "2019-08-09T12:35:00"],
])("labelled by its end, the %s bucket of %s is %s", (label, time, expected) => {
  const period = periodOf(label, bucketRules("UTC", "end"));
  expect(period.stamp(period.start(at(time)))).toBe(at(expected));
});

const zones = [
  "UTC",
  "Europe/Brussels",
  "America/St_Johns",
  "America/New_York",
  "America/Sao_Paulo",
  "Asia/Kathmandu",
  "Asia/Tehran",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "Pacific/Kwajalein",
  "Pacific/Chatham",
  "Africa/Casablanca",
  "Antarctica/Troll",
];
const rules = new Map(
  zones.flatMap((zone) => [
    [zone, bucketRules(zone, "start")],
    [`${zone} end`, bucketRules(zone, "end")],
  ]),
);
const anyRules = fc.constantFrom(...rules.values());
const anyTime = fc.oneof(
  fc.integer({ min: timestampMin, max: timestampMax }),
  fc.integer({ min: at("1880-01-01T00:00"), max: at("2040-01-01T00:00") }),
);

test("in any zone each time lies in one bucket [start, next), and those follow each other without gaps", () => {
  const labels = fc.constantFrom(
    "1s",
    "7s",
    "1m",
    "15m",
    "1h",
    "5h",
    "6h",
    "1d",
    "24h",
    "2d",
    "7d",
    "1mo",
    "3mo",
    "12mo",
  );
  fc.assert(
    fc.property(anyRules, labels, anyTime, (given, label, time) => {
      const period = periodOf(label, given);
      const start = period.start(time);
      const end = period.next(start);
      expect(start <= time && time < end).toBe(true);
      expect(period.start(start)).toBe(start);
      expect(period.start(end - 1)).toBe(start);
      expect(period.start(end)).toBe(end);
      expect(period.next(start)).toBe(end);
    }),
    { numRuns: 1000 },
  );
});

test("in any zone, where a period divides another, borders of the coarser are borders of the finer", () => {
  const label = fc.constantFrom("1s", "1m", "15m", "1h", "5h", "6h", "1d", "2d", "48h", "1mo", "2mo", "12mo");
  fc.assert(
    fc.property(anyRules, label, label, anyTime, (given, first, second, time) => {
      const [finer, coarser] = [periodOf(first, given), periodOf(second, given)];
      fc.pre(divides(finer, coarser));
      const border = coarser.start(time);
      expect(finer.start(border)).toBe(border);
      expect(coarser.start(finer.start(time))).toBe(border);
    }),
    { numRuns: 1000 },
  );
});

/** Morocco changed its mind in 2018, and DuckDB knows an older database than Node. */
const comparedUntil: Readonly<Record<string, string>> = { "Africa/Casablanca": "2018-01-01T00:00" };

test("days and months of any zone are those of DuckDB, but for a midnight that is reached twice: there they begin the first time", async () => {
  const connection = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  const rows = async (sql: string) => (await connection.runAndReadAll(sql)).getRows().map((row) => row.map(Number));
  const seed = 20_240_331;
  const clock = (ms: string) => `make_timestamptz(${ms} * 1000)`;
  for (const zone of zones) {
    const [days, months] = [inZone("1d", zone), inZone("1mo", zone)];
    const time = fc.integer({ min: at("1883-12-01T00:00"), max: at(comparedUntil[zone] ?? "2037-01-01T00:00") });
    const times = fc.sample(time, { numRuns: 2_000, seed });
    await connection.run(`set timezone = '${zone}'`);
    const found = await rows(
      `select t, epoch_ms(date_trunc('day', ${clock("t")})), epoch_ms(date_trunc('month', ${clock("t")}))
       from (values ${times.map((ms) => `(${ms})`).join()}) as v(t)`,
    );
    const differ = found.flatMap(([time = 0, day = 0, month = 0]) => [
      ...(days.start(time) === day ? [] : [[days.start(time), day]]),
      ...(months.start(time) === month ? [] : [[months.start(time), month]]),
    ]);
    expect(differ.length, `${zone}, seed ${seed}`).toBeLessThan(times.length / 50);
    if (differ.length === 0) continue;
    const others = await rows(
      `select a, b from (values ${differ.map(([a, b]) => `(${a}, ${b})`).join()}) as v(a, b)
       where not (a < b and ${clock("a")}::timestamp = ${clock("b")}::timestamp)`,
    );
    expect(
      others.map((row) => row.map(formatTimestamp)),
      `${zone}, seed ${seed}`,
    ).toEqual([]);
  }
});
