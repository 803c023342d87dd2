import { expect, test } from "vitest";
import { shardOf, shardsBetween } from "../../../blocks/model/shard.ts";
import { parseTimestamp } from "../../../blocks/model/timestamp.ts";

const at = parseTimestamp;

test("a shard is named after its day or month in UTC", () => {
  expect(shardOf("day", at("2019-08-09T12:34:56.000789"))).toBe("2019-08-09");
  expect(shardOf("day", at("2019-08-01T00:00"))).toBe("2019-08-01");
  expect(shardOf("month", at("2019-08-09T12:34:56.000789"))).toBe("2019-08");
  expect(shardOf("day", -1)).toBe("1969-12-31");
  expect(shardOf("month", at("0001-01-01T00:00"))).toBe("0001-01");
});

test.each([
  ["day", "2019-08-09T12:34:56", "2019-08-09T17:24:13", ["2019-08-09"]],
  ["day", "2019-08-09T00:00:00", "2019-08-09T17:24:13", ["2019-08-09"]],
  ["day", "2019-08-09T12:34:56", "2019-08-10T00:00:00", ["2019-08-09", "2019-08-10"]],
  ["day", "2019-08-09T12:34:56", "2019-08-09T23:59:59.999", ["2019-08-09"]],
  [
    "day",
    "2019-08-09T12:34:56",
    "2019-08-13T01:00:00",
    ["2019-08-09", "2019-08-10", "2019-08-11", "2019-08-12", "2019-08-13"],
  ],
  ["month", "2019-08-09T12:34:56", "2019-08-13T17:24:13", ["2019-08"]],
  ["month", "2019-08-01T00:00:00", "2019-08-09T17:24:13", ["2019-08"]],
  ["month", "2019-08-09T12:34:56", "2019-09-01T00:00:00", ["2019-08", "2019-09"]],
  ["month", "2019-08-09T12:34:56", "2019-11-13T01:00:00", ["2019-08", "2019-09", "2019-10", "2019-11"]],
  ["month", "2019-12-31T00:00:00", "2020-01-01T00:00:00", ["2019-12", "2020-01"]],
  ["day", "2019-08-10T00:00:00", "2019-08-09T00:00:00", []],
] as const)("the %s shards from %s to %s, which is included, are %j", (size, from, to, shards) => {
  expect(shardsBetween(size, at(from), at(to))).toEqual(shards);
});
