import fc from "fast-check";
import { expect, test } from "vitest";
import {
  formatLocalTimestamp,
  formatTimestamp,
  parseTimestamp,
  timestampMax,
  timestampMin,
} from "../../../blocks/model/timestamp.ts";

const anyTime = fc.integer({ min: timestampMin, max: timestampMax });

test("a timestamp is read with and without seconds, fraction and zone", () => {
  const instant = Date.UTC(2020, 0, 2, 3, 4, 5, 678);
  expect(parseTimestamp("2020-01-02T03:04:05.678")).toBe(instant);
  expect(parseTimestamp("2020-01-02T03:04:05.678Z")).toBe(instant);
  expect(parseTimestamp("2020-01-02T05:34:05.678+02:30")).toBe(instant);
  expect(parseTimestamp("2020-01-01T22:04:05.678-05:00")).toBe(instant);
  expect(parseTimestamp("2020-01-02T03:04:05")).toBe(instant - 678);
  expect(parseTimestamp("2020-01-02T03:04")).toBe(instant - 5678);
  expect(parseTimestamp("2020-01-02T03:04Z")).toBe(instant - 5678);
  expect(parseTimestamp("2020-01-02T04:04+01:00")).toBe(instant - 5678);
});

test("fraction digits after the third are cut off, before 1970 too", () => {
  const second = Date.UTC(2019, 7, 9, 12, 34, 56);
  expect(parseTimestamp("2019-08-09T12:34:56.000789")).toBe(second);
  expect(parseTimestamp("2019-08-09T12:34:56.5")).toBe(second + 500);
  expect(parseTimestamp("2019-08-09T12:34:56.05")).toBe(second + 50);
  expect(parseTimestamp(`2019-08-09T12:34:56.${"9".repeat(40)}Z`)).toBe(second + 999);
  expect(parseTimestamp("1969-12-31T23:59:59.9999")).toBe(-1);
});

test.each([
  "",
  "2020-01-02",
  "2020-01-02T03",
  "2020-01-02T03:0",
  "2020-01-02 03:04:05",
  "2020-01-02t03:04:05",
  "2020-01-02T03:04:05z",
  "2020-01-02T03:04:05.",
  "2020-01-02T03:04:05.Z",
  "2020-01-02T03:04:05,5",
  "2020-01-02T03:04:05.123.456",
  "2020-01-02T03:04:",
  "2020-01-02T03:04:5",
  "2020-01-02T03:04:05Z ",
  " 2020-01-02T03:04:05",
  "2020-01-02T03:04:05+02",
  "2020-01-02T03:04:05+0200",
  "2020-01-02T03:04:05+24:00",
  "2020-01-02T03:04:05+02:60",
  "2020-01-02T24:00:00",
  "2020-01-02T23:60:00",
  "2020-01-02T23:59:60",
  "2020-00-02T03:04:05",
  "2020-13-02T03:04:05",
  "2020-01-00T03:04:05",
  "2020-01-32T03:04:05",
  "2020-04-31T03:04:05",
  "2019-02-29T03:04:05",
  "1900-02-29T03:04:05",
  "0000-12-31T23:59:59",
  "-001-01-01T00:00:00",
  "+02020-01-02T03:04:05",
  "2020-0１-02T03:04:05",
])("%j is no timestamp", (text) => {
  expect(parseTimestamp(text)).toBeNaN();
});

test("the last day of February follows the leap years", () => {
  expect(parseTimestamp("2020-02-29T00:00:00")).toBe(Date.UTC(2020, 1, 29));
  expect(parseTimestamp("2000-02-29T00:00:00")).toBe(Date.UTC(2000, 1, 29));
  expect(parseTimestamp("2020-02-30T00:00:00")).toBeNaN();
  expect(parseTimestamp("2019-02-28T00:00:00")).toBe(Date.UTC(2019, 1, 28));
});

test("the bounds hold after the offset is applied", () => {
  expect(parseTimestamp("0001-01-01T00:00:00Z")).toBe(timestampMin);
  expect(parseTimestamp("0001-01-01T00:00:00+00:01")).toBeNaN();
  expect(parseTimestamp("0001-01-01T00:01:00+00:01")).toBe(timestampMin);
  expect(parseTimestamp("9999-12-31T23:59:59.999Z")).toBe(timestampMax);
  expect(parseTimestamp("9999-12-31T23:59:59.999-00:01")).toBeNaN();
});

test("both printed forms are read back over the whole range", () => {
  fc.assert(
    fc.property(anyTime, (time) => {
      expect(parseTimestamp(formatTimestamp(time))).toBe(time);
      expect(parseTimestamp(formatLocalTimestamp(time))).toBe(time);
    }),
    { numRuns: 2000 },
  );
});

test("timestamps are printed as ECMA-262 does, and read as it does where both apply", () => {
  fc.assert(
    fc.property(anyTime, fc.integer({ min: -1439, max: 1439 }), (time, offset) => {
      const iso = new Date(time).toISOString();
      expect(formatTimestamp(time)).toBe(iso);
      const sign = offset < 0 ? "-" : "+";
      const ahead = new Date(Math.abs(offset) * 60_000).toISOString().slice(11, 16);
      const text = `${iso.slice(0, -1)}${sign}${ahead}`;
      const instant = Date.parse(text);
      const expected = instant >= timestampMin && instant <= timestampMax ? instant : Number.NaN;
      expect(parseTimestamp(text)).toBe(expected);
    }),
    { numRuns: 2000 },
  );
});

test("the local form has as many fraction digits as are needed", () => {
  const noon = Date.UTC(2020, 0, 2, 12, 0, 5);
  expect(formatLocalTimestamp(noon)).toBe("2020-01-02T12:00:05");
  expect(formatLocalTimestamp(noon + 500)).toBe("2020-01-02T12:00:05.5");
  expect(formatLocalTimestamp(noon + 50)).toBe("2020-01-02T12:00:05.05");
  expect(formatLocalTimestamp(noon + 5)).toBe("2020-01-02T12:00:05.005");
  expect(formatLocalTimestamp(noon + 678)).toBe("2020-01-02T12:00:05.678");
  expect(formatLocalTimestamp(Date.UTC(2019, 10, 30, 18))).toBe("2019-11-30T18:00:00");
});

test("a bucket that begins outside the years of timestamps still has a label", () => {
  expect(formatTimestamp(timestampMin - 1)).toBe("0000-12-31T23:59:59.999Z");
  expect(formatTimestamp(timestampMax + 1)).toBe("+010000-01-01T00:00:00.000Z");
  expect(formatLocalTimestamp(timestampMax + 1)).toBe("+010000-01-01T00:00:00");
  expect(formatLocalTimestamp(timestampMax + 501)).toBe("+010000-01-01T00:00:00.5");
  expect(() => formatTimestamp(Number.NaN)).toThrow(RangeError);
});

test("any text is a number in the range or NaN", () => {
  const pieces = fc.constantFrom("2020", "-", "01", "T", ":", "59", ".", "Z", "+", "00", "x", "");
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 18 }), (parts) => {
      const time = parseTimestamp(parts.join(""));
      expect(Number.isNaN(time) || (time >= timestampMin && time <= timestampMax)).toBe(true);
    }),
  );
});
