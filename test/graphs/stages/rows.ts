import assert from "node:assert/strict";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { Receipt } from "../../../runtime/receipt.ts";

export const table = new SeriesTable();

/** What became of receipts, in order: their name, with `!` where it failed. */
export type Fates = string[];

/** A chunk of `values` of one series, under a receipt that notes its fate. */
export function rows(values: readonly number[], fates: Fates = [], redelivers = false): ObservationChunk {
  const name = String(values[0]);
  const receipt = new Receipt(
    values.length,
    () => fates.push(name),
    () => fates.push(`${name}!`),
    { redelivers },
  );
  const builder = new ChunkBuilder(table);
  for (const value of values) builder.addNumber(table.intern("a", {}, "tdouble"), value, value);
  const [chunk] = builder.build(receipt);
  assert.ok(chunk);
  return chunk;
}

export const valuesOf = (chunk: ObservationChunk): number[] =>
  Array.from({ length: chunk.length }, (_, row) => Number(chunk.values[row]));

/** Everything of the chunk is at rest. */
export function settle(chunk: ObservationChunk): void {
  chunk.receipt.durable(chunk.length);
  chunk.receipt.release();
}
