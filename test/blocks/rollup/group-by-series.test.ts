import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { layoutOf } from "../../../blocks/model/data-type.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { SeriesGrouper } from "../../../blocks/rollup/group-by-series.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const [plain, compiled] = [new SeriesGrouper(Number.POSITIVE_INFINITY), new SeriesGrouper(0)];
const rows = fc.array(
  fc.record({ series: fc.nat(3), time: fc.integer({ min: -5, max: 5 }), value: fc.integer({ min: 0, max: 99 }) }),
  { maxLength: 60 },
);

test.each([
  ["tdouble", "in JavaScript", plain, Number],
  ["tdouble", "by the compiled kernel", compiled, Number],
  ["tlong", "in JavaScript", plain, BigInt],
  ["ttext", "in JavaScript", plain, String],
] as const)(
  "rows of %s become, %s, ascending points of each series, the last that came standing, and leave nothing behind",
  (type, _how, grouper, cast) => {
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 20 }), (given, chunkRows) => {
        const table = new SeriesTable();
        const series = [0, 1, 2, 3].map((index) => table.intern(`m${index}`, {}, type));
        const chunks = Array.from({ length: Math.ceil(given.length / chunkRows) }, (_, part) => {
          const builder = new ChunkBuilder(table, 1);
          for (const row of given.slice(part * chunkRows, (part + 1) * chunkRows)) {
            builder.add(series[row.series] ?? assert.fail(), row.time, cast(row.value));
          }
          return builder.build(new Receipt(1, ignore, ignore));
        }).flat();
        const expected = series
          .map(({ index }) => {
            const last = new Map(given.filter((row) => row.series === index).map((row) => [row.time, cast(row.value)]));
            return { index, points: [...last].sort(([a], [b]) => a - b) };
          })
          .filter(({ points }) => points.length > 0);
        const groups = grouper.group(chunks, layoutOf(type), table.size);
        const actual = Array.from({ length: groups.length }, (_, place) => {
          const { time, values } = groups.points(place);
          return { index: groups.series[place], points: [...time].map((at, row) => [at, values[row]]) };
        });
        assert.deepEqual(actual, expected);
      }),
    );
  },
);

test("a series with an index beyond what the grouper has room for is grouped", () => {
  const table = new SeriesTable();
  const all = Array.from({ length: 3_000 }, (_, index) => table.intern(`m${index}`, {}, "tdouble"));
  const builder = new ChunkBuilder(table);
  for (const series of all) builder.add(series, 0, 1);
  const groups = new SeriesGrouper().group(builder.build(new Receipt(1, ignore, ignore)), "float", table.size);
  assert.deepEqual([groups.length, groups.series[2_999]], [3_000, 2_999]);
});

function ignore(): void {}
