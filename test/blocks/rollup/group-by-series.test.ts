import assert from "node:assert/strict";
import fc from "fast-check";
import { test, vi } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { type Layout, layoutOf } from "../../../blocks/model/data-type.ts";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { GatheredRows } from "../../../blocks/rollup/gathered-rows.ts";
import { type GroupedRows, groupedInKernel, SeriesGrouper } from "../../../blocks/rollup/group-by-series.ts";
import { FoldKernel } from "../../../blocks/rollup/kernel/fold-kernel.ts";
import { KernelPool } from "../../../blocks/rollup/kernel/kernel-pool.ts";
import { Receipt } from "../../../runtime/receipt.ts";

type Grouper = (chunks: readonly ObservationChunk[], layout: Layout, seriesCount: number) => GroupedRows;
const newPlain = (): Grouper => {
  const grouper = new SeriesGrouper();
  return (chunks, layout, seriesCount) => grouper.group(chunks, layout, seriesCount);
};
const newCompiled = (): Grouper => {
  const kernel = FoldKernel.open() ?? assert.fail();
  return (chunks, _layout, seriesCount) => {
    kernel.begin({ size: seriesCount });
    for (const chunk of chunks) kernel.add(chunk);
    const groups = groupedInKernel(kernel);
    groups.orderUntil(groups.length);
    return groups;
  };
};
const [plain, compiled] = [newPlain(), newCompiled()];
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
  (type, _how, group, cast) => {
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
        const groups = group(chunks, layoutOf(type), table.size);
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
  const groups = plain(builder.build(new Receipt(1, ignore, ignore)), "float", table.size);
  assert.deepEqual([groups.length, groups.series[2_999]], [3_000, 2_999]);
});

test.each([
  ["in JavaScript", newPlain],
  ["by the compiled kernel", newCompiled],
])("a batch with room for more series, and of no more rows, is sorted, %s, as the one before", (_how, newGrouper) => {
  const group = newGrouper();
  assert.deepEqual(pointsOf(group([chunkOf([2, 0, 2])], "float", 3)), [
    [0, [[1, 1]]],
    [2, pairs([0, 2])],
  ]);
  assert.deepEqual(pointsOf(group([chunkOf([9_000, 0, 9_000])], "float", 10_000)), [
    [0, [[1, 1]]],
    [9_000, pairs([0, 2])],
  ]);
});

test.each([
  ["in JavaScript", newPlain],
  ["by the compiled kernel", newCompiled],
])("a chunk that names a series beyond the table is refused, %s, and the next one grouped", (_how, newGrouper) => {
  const group = newGrouper();
  for (const series of [2, 4_000_000_000]) {
    assert.throws(
      () => group([chunkOf([1, 0]), chunkOf([0, series])], "float", 2),
      /A chunk names a series that its table, of 2, lacks/,
    );
    assert.deepEqual(pointsOf(group([chunkOf([1, 0])], "float", 2)), [
      [0, [[1, 1]]],
      [1, [[0, 0]]],
    ]);
  }
});

test.each([
  ["in JavaScript", newPlain],
  ["by the compiled kernel", newCompiled],
])("a series beyond the table is found, %s, wherever in a chunk it comes", (_how, newGrouper) => {
  const group = newGrouper();
  const rows = Array.from({ length: 37 }, () => 0);
  for (const place of rows.keys()) assert.throws(() => group([chunkOf(rows.with(place, 2))], "float", 2), /lacks/);
});

test("a kernel takes many rows of few series and a row of many in one batch, as blocks of either length hold them", () => {
  for (const seriesCount of [20_000, 10]) {
    const rows = Array.from({ length: 50_000 }, (_, row) => (row % 3 === 0 ? 7 : row % seriesCount));
    const chunks = [chunkOf(rows), chunkOf(rows.slice(0, 1_500))];
    assert.deepEqual(pointsOf(compiled(chunks, "float", seriesCount)), pointsOf(plain(chunks, "float", seriesCount)));
  }
});

test("where a process can have no kernel, rows are left in their chunks, and it is not tried again", () => {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: { Memory: { prototype: { grow(): number } } } };
  const grow = vi.spyOn(wasm.Memory.prototype, "grow").mockImplementation(() => {
    throw new RangeError("WebAssembly.Memory.grow(): Maximum memory size exceeded");
  });
  try {
    const gathered = new GatheredRows(new SeriesTable(), () => 0, new KernelPool(), 0);
    for (let batch = 0; batch < 2; batch += 1) {
      const chunk = chunkOf(Array.from({ length: 100 }, () => 0));
      gathered.add(chunk);
      const { kernel, chunks } = gathered.take();
      assert.deepEqual([kernel, chunks], [undefined, [chunk]]);
    }
    assert.equal(grow.mock.calls.length, 1);
  } finally {
    grow.mockRestore();
  }
});

/** Rows of these series; the time and the value of each is its place. */
function chunkOf(series: readonly number[]): ObservationChunk {
  const places = Float64Array.from(series.keys());
  const columns = { series: Uint32Array.from(series), time: places, values: places };
  const receipt = new Receipt(series.length, ignore, ignore);
  return new ObservationChunk(new SeriesTable(), "float", series.length, columns, receipt);
}

function pointsOf(groups: GroupedRows): unknown[] {
  return Array.from({ length: groups.length }, (_, place) => {
    const { time, values } = groups.points(place);
    return [groups.series[place], [...time].map((at, row) => [at, values[row]])];
  });
}

function pairs(numbers: readonly number[]): number[][] {
  return numbers.map((number) => [number, number]);
}

function ignore(): void {}
