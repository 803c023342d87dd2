import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";

/** Points of each series. */
export const rounds = 10;
/** 2026-01-01. */
const startMs = 1_767_225_600_000;
/** As meters do: every quarter of an hour. */
const intervalMs = 900_000;
const chunkRows = 1_024;

/** Rows of `meterRows` from one on, by column. */
export interface MeterColumns {
  readonly meter: Uint32Array;
  /** Milliseconds since the epoch. */
  readonly time: Float64Array;
  readonly values: Float64Array;
}

/**
 * Meters that are read every quarter of an hour, each at a phase of its own, in rounds over all of them: row after row is of
 * another meter, in an order that is random but the same in each round. Values are whole hundredths. Made as they are asked for, so
 * that a process holds none of them.
 *
 * @param rows A multiple of `rounds`, so many for each meter.
 * @param seed The same seed gives the same rows.
 */
export function* meterRows(rows: number, seed: number): IterableIterator<MeterColumns> {
  const meters = rows / rounds;
  const step = coprime(meters);
  for (let round = 0; round < rounds; round += 1) {
    for (let from = 0; from < meters; from += chunkRows) {
      const length = Math.min(chunkRows, meters - from);
      const columns = {
        meter: new Uint32Array(length),
        time: new Float64Array(length),
        values: new Float64Array(length),
      };
      for (let row = 0; row < length; row += 1) {
        const meter = ((from + row) * step) % meters;
        columns.meter[row] = meter;
        columns.time[row] = startMs + round * intervalMs + Math.floor(((from + row) / meters) * intervalMs);
        columns.values[row] = mixed(meter * rounds + round, seed) / 100;
      }
      yield columns;
    }
  }
}

/** Names meter `n` of the table by the index `n`; for a new table. */
export function internMeters(table: SeriesTable, meters: number): SeriesTable {
  for (let meter = 0; meter < meters; meter += 1) {
    table.intern("energy", { meter: String(meter).padStart(7, "0"), unit: "kilowatt-hour" }, "tdouble");
  }
  return table;
}

/** The rows as chunks of 1,024, each under a receipt of its own. */
export function* meterChunks(
  rows: number,
  seed: number,
  table: SeriesTable,
  { settled, failed }: { settled: (tally: Tally) => void; failed: (error: Error) => void },
): IterableIterator<ObservationChunk> {
  for (const { meter, time, values } of meterRows(rows, seed)) {
    const { length } = meter;
    const columns = { series: meter, time, values };
    yield new ObservationChunk(table, "float", length, columns, new Receipt(length, settled, failed));
  }
}

/** About 0.618 of the count, and without a divisor in common. */
function coprime(count: number): number {
  let step = Math.max(1, Math.round(count * 0.618));
  while (divisor(step, count) > 1) step += 1;
  return step;
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** 0 to 99,999 (the finalizer of MurmurHash3). */
function mixed(number: number, seed: number): number {
  let bits = (number ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return ((bits ^ (bits >>> 16)) >>> 0) % 100_000;
}
