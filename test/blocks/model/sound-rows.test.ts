import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { soundRows } from "../../../blocks/model/sound-rows.ts";
import { timestampMax, timestampMin } from "../../../blocks/model/timestamp.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const soundTimes = [timestampMin, timestampMin + 1, -1, -0, 0, 1, timestampMax - 1, timestampMax];
const faultyTimes = [timestampMin - 1, timestampMax + 1, 0.5, -0.5, Number.NaN, Number.NEGATIVE_INFINITY, 2 ** 60];
const soundValues = [0, -0, 0.1, -Number.MAX_VALUE, Number.MAX_VALUE, Number.MIN_VALUE];
const faultyValues = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];

// Sound ones so often that whole chunks are.
const time = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...soundTimes) }, fc.constantFrom(...faultyTimes));
const value = fc.oneof({ weight: 12, arbitrary: fc.constantFrom(...soundValues) }, fc.constantFrom(...faultyValues));

test("of any rows of numbers those are sound that have a time of the calendar and a finite value", () => {
  const table = new SeriesTable();
  const { index } = table.intern("power", {}, "tdouble");
  fc.assert(
    fc.property(fc.array(fc.tuple(time, value), { maxLength: 9 }), fc.nat(3), (rows, room) => {
      const columns = {
        series: new Uint32Array(rows.length + room).fill(index),
        // Columns may be longer than the chunk; what is behind its rows is none.
        time: Float64Array.from({ length: rows.length + room }, (_, row) => rows[row]?.[0] ?? Number.NaN),
        values: Float64Array.from({ length: rows.length + room }, (_, row) => rows[row]?.[1] ?? Number.NaN),
      };
      const chunk = new ObservationChunk(
        table,
        "float",
        rows.length,
        columns,
        new Receipt(rows.length, ignore, ignore),
      );
      const expected = rows.filter(([at, number]) => soundTimes.includes(at) && soundValues.includes(number));
      const { sound, letters } = soundRows(chunk, "main", virtualClock());
      const found = Array.from({ length: sound.length }, (_, row) => [sound.time[row], sound.values[row]]);
      assert.deepEqual(found, expected);
      assert.equal(letters.length, rows.length - expected.length);
      assert.equal(sound === chunk, letters.length === 0);
    }),
    { numRuns: 2_000 },
  );
});

test("a number that is no 0 and no 1 is none of a series of booleans, and goes on in one of numbers", () => {
  const table = new SeriesTable();
  const [power, open] = [table.intern("power", {}, "tdouble").index, table.intern("open", {}, "tbool").index];
  const columns = {
    series: Uint32Array.of(power, open, power, open, open),
    time: Float64Array.of(1, 2, 3, 4, 5),
    values: Float64Array.of(0.5, 1, 7, 0.5, 0),
  };
  const chunk = new ObservationChunk(table, "float", 5, columns, new Receipt(5, ignore, ignore));
  const { sound, letters } = soundRows(chunk, "main", virtualClock());
  assert.deepEqual([...sound.time.subarray(0, sound.length)], [1, 2, 3, 5]);
  const [{ code, reason, payload } = assert.fail()] = letters;
  assert.equal(`${code} ${reason}`, "VALUE_INVALID Cannot record a value as tbool must be 0 or 1: it is 0.5");
  assert.deepEqual(payload, {
    metric: "open",
    tagset: {},
    type: "tbool",
    values: [["1970-01-01T00:00:00.004Z", "0.5"]],
  });
});

function ignore(): void {}
