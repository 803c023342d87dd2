import fc from "fast-check";
import { expect, test } from "vitest";
import { divides, periodOf } from "../../../blocks/model/period.ts";
import { parseTimestamp, timestampMax, timestampMin } from "../../../blocks/model/timestamp.ts";

const at = parseTimestamp;
const moment = at("2019-08-09T12:34:56.000789");

test.each([
  ["1m", "2019-08-09T12:34:00", "2019-08-09T12:35:00"],
  ["1h", "2019-08-09T12:00:00", "2019-08-09T13:00:00"],
  ["1d", "2019-08-09T00:00:00", "2019-08-10T00:00:00"],
  ["1mo", "2019-08-01T00:00:00", "2019-09-01T00:00:00"],
  ["10s", "2019-08-09T12:34:50", "2019-08-09T12:35:00"],
  ["15m", "2019-08-09T12:30:00", "2019-08-09T12:45:00"],
  ["3mo", "2019-07-01T00:00:00", "2019-10-01T00:00:00"],
  ["12mo", "2019-01-01T00:00:00", "2020-01-01T00:00:00"],
])("the bucket of %s around a moment is [%s, %s)", (label, start, end) => {
  const period = periodOf(label);
  expect(period.start(moment)).toBe(at(start));
  expect(period.next(at(start))).toBe(at(end));
  expect(period.start(at(start))).toBe(at(start));
  expect(period.start(at(end) - 1)).toBe(at(start));
  expect(period.start(at(end))).toBe(at(end));
});

test("buckets before 1970 are half-open too", () => {
  expect(periodOf("1m").start(-1)).toBe(-60_000);
  expect(periodOf("1m").start(-60_000)).toBe(-60_000);
  expect(periodOf("1m").start(-60_001)).toBe(-120_000);
  expect(periodOf("7d").start(-1)).toBe(-7 * 86_400_000);
  expect(periodOf("1mo").start(at("1968-02-29T23:59:59.999"))).toBe(at("1968-02-01T00:00"));
  // December 1969 is month 23,639 from the year 0, and 23,635 is a multiple of 5.
  expect(periodOf("5mo").start(at("1969-12-31T00:00"))).toBe(at("1969-08-01T00:00"));
});

test("February is as long as its year makes it", () => {
  const month = periodOf("1mo");
  expect(month.next(at("2020-02-01T00:00")) - at("2020-02-01T00:00")).toBe(29 * 86_400_000);
  expect(month.next(at("2019-02-01T00:00")) - at("2019-02-01T00:00")).toBe(28 * 86_400_000);
  expect(month.next(at("1900-02-01T00:00")) - at("1900-02-01T00:00")).toBe(28 * 86_400_000);
});

test("buckets cover time without gaps: each time lies in [start, next)", () => {
  const labels = fc.constantFrom(
    "1s",
    "7s",
    "1m",
    "1h",
    "5h",
    "1d",
    "7d",
    "1mo",
    "2mo",
    "5mo",
    "12mo",
    "999mo",
    "99999d",
  );
  fc.assert(
    fc.property(labels, fc.integer({ min: timestampMin, max: timestampMax }), (label, time) => {
      const period = periodOf(label);
      const start = period.start(time);
      const end = period.next(start);
      expect(start <= time && time < end).toBe(true);
      expect(period.start(start)).toBe(start);
      expect(period.start(end - 1)).toBe(start);
      expect(period.start(end)).toBe(end);
      expect(period.next(start)).toBe(end);
      expect(period.fixedMs === undefined || end - start === period.fixedMs).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("next answers for any bucket, whatever was asked before", () => {
  const month = periodOf("1mo");
  month.start(at("2020-05-05T00:00"));
  expect(month.next(at("2019-02-01T00:00"))).toBe(at("2019-03-01T00:00"));
  expect(month.start(at("2020-05-05T00:00"))).toBe(at("2020-05-01T00:00"));
});

test("months in the first centuries are not those of 1900", () => {
  expect(periodOf("1mo").start(at("0099-03-04T05:06"))).toBe(at("0099-03-01T00:00"));
});

test.each([
  ["1m", "1h", true],
  ["1h", "1d", true],
  ["1d", "1mo", true],
  ["1mo", "3mo", true],
  ["1mo", "12mo", true],
  ["6h", "1mo", true],
  ["7h", "1d", false],
  ["7h", "1mo", false],
  ["2d", "1mo", false],
  ["2mo", "3mo", false],
  ["1mo", "1d", false],
  ["1mo", "31d", false],
  ["1h", "1m", false],
  ["1h", "1h", true],
])("%s divides %s: %s", (finer, coarser, expected) => {
  expect(divides(periodOf(finer), periodOf(coarser))).toBe(expected);
});

test("where a period divides another, borders of the coarser are borders of the finer", () => {
  const label = fc.constantFrom("1s", "1m", "15m", "1h", "5h", "6h", "1d", "2d", "1mo", "2mo", "3mo", "12mo");
  fc.assert(
    fc.property(label, label, fc.integer({ min: timestampMin, max: timestampMax }), (first, second, time) => {
      const [finer, coarser] = [periodOf(first), periodOf(second)];
      fc.pre(divides(finer, coarser));
      const border = coarser.start(time);
      expect(finer.start(border)).toBe(border);
      expect(coarser.start(finer.start(time))).toBe(border);
    }),
  );
});

test.each(["", "m", "0m", "1", "1 m", "01m", "1M", "1w", "-1m", "1.5h"])("%j is no period", (label) => {
  expect(() => periodOf(label)).toThrow(expect.objectContaining({ code: "SETTING_INVALID" }));
});
