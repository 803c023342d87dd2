import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { GatheredRows, type RowBatch } from "../../../blocks/rollup/gathered-rows.ts";
import { groupedInKernel } from "../../../blocks/rollup/group-by-series.ts";
import { KernelPool } from "../../../blocks/rollup/kernel/kernel-pool.ts";
import { WriteRevisions } from "../../../blocks/rollup/write-revisions.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const lanes = [{}, {}];
const messages = fc.array(
  fc.record({
    rows: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom(31, 32, 33, 40)),
    series: fc.nat(3),
    lane: fc.option(fc.nat(1), { nil: undefined }),
  }),
  { maxLength: 120 },
);

const kernels = new KernelPool();

test("rows of chunks of any size come out in order of arrival, under all receipts, with the revisions of the chunks", () => {
  fc.assert(
    fc.property(messages, fc.constantFrom(0, 40, 1_000_000), (given, kernelRows) => {
      const table = new SeriesTable();
      const all = ["tdouble", "tdouble", "tlong", "ttext"].map((type, index) => table.intern(`m${index}`, {}, type));
      const gathered = new GatheredRows(table, () => 0, kernels, kernelRows);
      const chunks = given.flatMap(({ rows, series: index, lane }, place) => {
        const series = all[index] ?? assert.fail();
        const builder = new ChunkBuilder(table);
        for (let row = 0; row < rows; row += 1)
          builder.add(series, 100 * place + row, exampleOf(series.type, 100 * place + row));
        const options = lane === undefined ? {} : { lane: lanes[lane] ?? assert.fail(), enteredAt: 1_000 + place };
        return builder.build(new Receipt(rows, ignore, ignore, options));
      });
      for (const chunk of chunks) if (!gathered.addSound(chunk)) gathered.add(chunk);
      const batch = gathered.take();

      assert.deepEqual(rowsOf(batch), rowsByLayout(chunks));
      assert.ok(batch.receipts.every((receipt, place) => receipt === chunks[place]?.receipt));
      assert.deepEqual(
        batch.rows,
        chunks.map(({ length }) => length),
      );
      const joined = new WriteRevisions().next([...batch.chunks, ...batch.taken]);
      const single = new WriteRevisions().next(chunks);
      for (const { index } of all) assert.equal(joined(index), single(index));
      assert.deepEqual(gathered.take(), { chunks: [], kernel: undefined, taken: [], receipts: [], rows: [] });
    }),
  );
});

test("a chunk of each of many small messages is let go of", () => {
  const table = new SeriesTable();
  const series = table.intern("flow", {}, "tdouble");
  const gathered = new GatheredRows(table);
  for (let message = 0; message < 2_049; message += 1) {
    const builder = new ChunkBuilder(table, 1);
    builder.addNumber(series, message, message);
    for (const chunk of builder.build(new Receipt(1, ignore, ignore))) gathered.add(chunk);
  }
  const { chunks, receipts } = gathered.take();
  assert.deepEqual([chunks.map(({ length }) => length), receipts.length], [[1_024, 1_024, 1], 2_049]);
});

function exampleOf(type: string, number: number): unknown {
  return type === "tlong" ? BigInt(number) : type === "ttext" ? String(number) : number;
}

/** Those of a kernel by the time, which no two rows share here, as they come. */
function rowsOf({ chunks, kernel }: RowBatch) {
  const rows = rowsByLayout(chunks);
  if (kernel === undefined) return rows;
  assert.equal(rows.float, undefined);
  const groups = groupedInKernel(kernel);
  groups.orderUntil(groups.length);
  const float = Array.from({ length: groups.length }, (_, place) => {
    const { time, values } = groups.points(place);
    return Array.from(time, (at, row): [number, number, unknown] => [groups.series[place] as number, at, values[row]]);
  });
  kernels.give(kernel);
  return { ...rows, float: float.flat().sort(([, a], [, b]) => a - b) };
}

function rowsByLayout(chunks: readonly ObservationChunk[]) {
  const rows: Record<string, unknown[]> = {};
  for (const { layout, length, series, time, values } of chunks) {
    const ofLayout = rows[layout] ?? [];
    rows[layout] = ofLayout;
    for (let row = 0; row < length; row += 1) ofLayout.push([series[row], time[row], values[row]]);
  }
  return rows;
}

function ignore(): void {}
