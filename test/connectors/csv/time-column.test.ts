import fc from "fast-check";
import { expect, test } from "vitest";
import { timeColumn } from "../../../connectors/csv/time-column.ts";
import { timeZoneClock } from "../../../connectors/csv/time-zone.ts";

async function read(format: string, zone: string, ...cells: string[]): Promise<(string | undefined)[]> {
  const reader = await timeColumn(format, zone);
  return cells.map((cell) => {
    const timeMs = reader(cell);
    return Number.isNaN(timeMs) ? undefined : new Date(timeMs).toISOString();
  });
}

test("iso8601 reads a date, a date and time with T or a space, and offsets", async () => {
  expect(
    await read(
      "iso8601",
      "UTC",
      "2020-01-02",
      "2020-01-02T03:04:05.678",
      " 2020-01-02 03:04:05 ",
      "2020-01-02T03:04:05Z",
      "2020-01-02 03:04:05+01:00",
      "yesterday",
      "",
    ),
  ).toEqual([
    "2020-01-02T00:00:00.000Z",
    "2020-01-02T03:04:05.678Z",
    "2020-01-02T03:04:05.000Z",
    "2020-01-02T03:04:05.000Z",
    "2020-01-02T02:04:05.000Z",
    undefined,
    undefined,
  ]);
});

test("epoch_s rounds decimals to the millisecond, epoch_ms to whole ones", async () => {
  expect(await read("epoch_s", "UTC", "1577934245.678", "0", "-1", "1e3", "")).toEqual([
    "2020-01-02T03:04:05.678Z",
    "1970-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.000Z",
    undefined,
    undefined,
  ]);
  expect(await read("epoch_ms", "UTC", "1577934245678", "12:00")).toEqual(["2020-01-02T03:04:05.678Z", undefined]);
});

test("times beyond the year 9999 are refused, the last millisecond before is not", async () => {
  expect(await read("epoch_ms", "UTC", "253402300799999", "253402300800000")).toEqual([
    "9999-12-31T23:59:59.999Z",
    undefined,
  ]);
});

test("a pattern reads its fields between literals", async () => {
  expect(await read("dd/MM/yyyy HH:mm:ss.SSS", "UTC", "02/01/2020 03:04:05.678", "2/1/2020 03:04:05.678")).toEqual([
    "2020-01-02T03:04:05.678Z",
    undefined,
  ]);
  expect(await read("yyyyMMdd'at'HH", "UTC", "20200102at03")).toEqual(["2020-01-02T03:00:00.000Z"]);
});

test("a pattern refuses days and hours that do not exist", async () => {
  expect(
    await read(
      "yyyy-MM-dd HH:mm",
      "UTC",
      "2020-02-29 23:59",
      "2021-02-29 23:59",
      "2020-13-01 00:00",
      "2020-01-01 24:00",
    ),
  ).toEqual(["2020-02-29T23:59:00.000Z", undefined, undefined, undefined]);
});

test.each([
  ["yyyy-MM", 'there is no "dd"'],
  ["yy-MM-dd", 'there is "yy"'],
  ["yyyy-MM-dd-dd", 'there are two "dd"'],
  ["yyyy-MM-dd'T", "must have a second one"],
])("the pattern %s is refused with the reason", async (pattern, reason) => {
  await expect(timeColumn(pattern, "UTC")).rejects.toMatchObject({
    code: "SETTING_INVALID",
    message: expect.stringContaining(reason),
  });
});

test("a zone that does not exist is refused", async () => {
  await expect(timeColumn("iso8601", "Europe/Bruxelles-les-Bains")).rejects.toMatchObject({ code: "SETTING_INVALID" });
});

test("a local time is that of the zone, summer and winter, unless it says its own offset", async () => {
  expect(
    await read("iso8601", "Europe/Brussels", "2020-01-02T03:00:00", "2020-07-02T03:00:00", "2020-07-02T03:00:00Z"),
  ).toEqual(["2020-01-02T02:00:00.000Z", "2020-07-02T01:00:00.000Z", "2020-07-02T03:00:00.000Z"]);
});

test("a time skipped in spring counts as much later as was skipped", async () => {
  expect(
    await read("iso8601", "Europe/Brussels", "2020-03-29T01:59:59", "2020-03-29T02:30:00", "2020-03-29T03:00:00"),
  ).toEqual(["2020-03-29T00:59:59.000Z", "2020-03-29T01:30:00.000Z", "2020-03-29T01:00:00.000Z"]);
});

test("of a time that comes twice in autumn the first is taken", async () => {
  expect(
    await read("iso8601", "Europe/Brussels", "2020-10-25T01:59:59", "2020-10-25T02:30:00", "2020-10-25T03:00:00"),
  ).toEqual(["2020-10-24T23:59:59.000Z", "2020-10-25T00:30:00.000Z", "2020-10-25T02:00:00.000Z"]);
});

test("remembering a stretch of the calendar changes nothing: any order of times gives what a fresh clock gives", async () => {
  const around = fc.integer({ min: Date.UTC(2020, 2, 28), max: Date.UTC(2020, 2, 30) });
  const walk = await timeZoneClock("Europe/Brussels");
  await fc.assert(
    fc.asyncProperty(
      around,
      fc.array(fc.integer({ min: -7_200_000, max: 7_200_000 }), { maxLength: 5 }),
      async (start, steps) => {
        for (const time of [start, ...steps.map((step) => start + step)]) {
          const fresh = await timeZoneClock("Europe/Brussels");
          expect(walk(time)).toBe(fresh(time));
        }
      },
    ),
    { numRuns: 50 },
  );
});
