import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { ignoredReceipt } from "./data-points.ts";

test("a builder without rows builds no chunk and leaves the receipt with its holder", () => {
  const settled = vi.fn();
  const receipt = new Receipt(0, settled, () => {});
  expect(new ChunkBuilder(new SeriesTable()).build(receipt)).toEqual([]);
  expect(settled).not.toHaveBeenCalled();
  receipt.release();
  expect(settled).toHaveBeenCalledOnce();
});

test("rows of three layouts make three chunks, and the receipt settles at the third release", () => {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table);
  const double = table.intern("double", {}, "tdouble");
  const bool = table.intern("bool", {}, "tbool");
  const long = table.intern("long", {}, "tlong");
  const text = table.intern("text", {}, "ttext");
  builder.add(long, 1, 5n);
  builder.add(double, 2, 1.5);
  builder.add(text, 3, "a");
  builder.add(bool, 4, 1);
  expect(builder.rows).toBe(4);

  const settled = vi.fn();
  const chunks = builder.build(new Receipt(4, settled, () => {}));
  expect(chunks.map(({ layout, length }) => [layout, length])).toEqual([
    ["float", 2],
    ["long", 1],
    ["boxed", 1],
  ]);
  const [float] = chunks;
  expect([...(float?.series ?? [])].slice(0, 2)).toEqual([double.index, bool.index]);
  expect([...(float?.time ?? [])].slice(0, 2)).toEqual([2, 4]);
  expect(builder.rows).toBe(0);
  chunks[0]?.receipt.release();
  chunks[1]?.receipt.release();
  expect(settled).not.toHaveBeenCalled();
  chunks[2]?.receipt.release();
  expect(settled).toHaveBeenCalledOnce();
});

test("rollback drops exactly what came since begin, in every layout", () => {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table, 1);
  const double = table.intern("double", {}, "tdouble");
  const text = table.intern("text", {}, "ttext");
  builder.add(double, 1, 1);
  builder.begin();
  builder.add(double, 2, 2);
  builder.add(text, 3, "dropped");
  builder.rollback();
  builder.add(double, 4, 4);
  const chunks = builder.build(ignoredReceipt());
  expect(chunks.length).toBe(1);
  expect([...(chunks[0]?.time ?? [])].slice(0, chunks[0]?.length)).toEqual([1, 4]);
  builder.rollback();
  expect(builder.rows).toBe(0);
});

test("what was built is never written again, whatever the sizes of the builds", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 40 }), { maxLength: 8 }), fc.integer({ min: 1, max: 16 }), (sizes, start) => {
      const table = new SeriesTable();
      const builder = new ChunkBuilder(table, start);
      const all = [table.intern("d", {}, "tdouble"), table.intern("l", {}, "tlong"), table.intern("t", {}, "ttext")];
      let time = 0;
      const built = sizes.map((size) => {
        const first = time;
        for (let row = 0; row < size; row++, time++) {
          all.forEach((series, kind) => {
            builder.add(series, time, [time / 2, BigInt(time), String(time)][kind]);
          });
        }
        return { first, size, chunks: builder.build(ignoredReceipt()) };
      });
      for (const { first, size, chunks } of built) {
        const times = Array.from({ length: size }, (_, row) => first + row);
        expect(chunks.length).toBe(size === 0 ? 0 : 3);
        for (const chunk of chunks) {
          expect(chunk.length).toBe(size);
          expect([...chunk.time.subarray(0, size)]).toEqual(times);
          const values = Array.from({ length: size }, (_, row) => chunk.values[row]);
          const expected = { float: (t: number) => t / 2, long: BigInt, boxed: String }[chunk.layout];
          expect(values).toEqual(times.map((t) => expected(t)));
        }
      }
    }),
  );
});

test("halves of a tlong become the same number as its bigint, also after growth and after a build", () => {
  const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  fc.assert(
    fc.property(fc.array(long, { minLength: 1, maxLength: 20 }), (longs) => {
      const table = new SeriesTable();
      const builder = new ChunkBuilder(table, 3);
      const series = table.intern("l", {}, "tlong");
      for (let round = 0; round < 2; round++) {
        longs.forEach((value, row) => {
          const low = Number(BigInt.asIntN(32, value));
          if (row % 3 === 0) builder.add(series, row, value);
          else builder.addHalves(series, row, Number(value >> 32n), low);
        });
        const [chunk] = builder.build(ignoredReceipt());
        expect(Array.from({ length: longs.length }, (_, row) => chunk?.values[row])).toEqual(longs);
      }
    }),
  );
});
