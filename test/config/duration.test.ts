import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { formatDuration, parseDuration } from "../../config/duration.ts";

test("a duration is a positive length and a unit, with spaces around both", () => {
  assert.equal(parseDuration("1 second"), 1_000);
  assert.equal(parseDuration("15 seconds"), 15_000);
  assert.equal(parseDuration("1.5 h"), 5_400_000);
  assert.equal(parseDuration(" 10 ms "), 10);
  assert.equal(parseDuration("2days"), 172_800_000);
});

test("every spelling of a unit means the same", () => {
  for (const unit of ["d", "day", "days"]) assert.equal(parseDuration(`1 ${unit}`), 86_400_000);
  for (const unit of ["h", "hour", "hours"]) assert.equal(parseDuration(`1 ${unit}`), 3_600_000);
  for (const unit of ["min", "minute", "minutes"]) assert.equal(parseDuration(`1 ${unit}`), 60_000);
  for (const unit of ["s", "second", "seconds"]) assert.equal(parseDuration(`1 ${unit}`), 1_000);
  for (const unit of ["ms", "milli", "millisecond", "milliseconds"]) assert.equal(parseDuration(`1 ${unit}`), 1);
});

test("what is not positive, has another unit or says more is no duration", () => {
  for (const text of [
    "0 s",
    "-1 s",
    "5 weeks",
    "5 foo 3s",
    "10",
    "",
    "s",
    "1m",
    "1 S",
    "1e3 s",
    ".5 s",
    "1. s",
    "1 s 2",
    "0.0001 ms",
  ]) {
    assert.equal(parseDuration(text), undefined, text);
  }
});

test("a duration is at most the largest safe integer of milliseconds", () => {
  assert.equal(parseDuration("9007199254740991 ms"), 9_007_199_254_740_991);
  assert.equal(parseDuration("9007199254740992 ms"), undefined);
});

test("for any duration, parsing what was formatted gives it back", () => {
  const microseconds = fc.integer({ min: 1, max: 10 ** 15 }).map((count) => count / 1_000);
  fc.assert(
    fc.property(fc.oneof(microseconds, fc.integer({ min: 1, max: 10 ** 12 })), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms);
    }),
  );
});

test("a duration is formatted in the largest unit that needs no decimals", () => {
  assert.equal(formatDuration(86_400_000), "1 day");
  assert.equal(formatDuration(5_400_000), "90 minutes");
  assert.equal(formatDuration(1_500), "1500 ms");
  assert.equal(formatDuration(0.25), "0.250 ms");
});
