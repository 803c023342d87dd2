import { Receipt } from "../../runtime/receipt.ts";
import { ChunkBuilder } from "../model/chunk-builder.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { SeriesTable } from "../model/series.ts";

/** Rows that go to the store in one piece. */
export interface RowBatch {
  /** In order of arrival; for the receipts of their rows see `receipts`. */
  readonly chunks: readonly ObservationChunk[];
  /** A hold on the receipt of each chunk that was added. */
  readonly receipts: readonly Receipt[];
  /** Rows under the receipt at the same place. */
  readonly rows: readonly number[];
}

/**
 * Gathers chunks until they are recorded. Rows of small ones are copied together, and the chunks let go of: a chunk of its own for
 * each of many messages costs more than the rows in it, the more the longer it is kept.
 */
export class GatheredRows {
  readonly #small: ChunkBuilder;
  /** The first receipt of the rows in `#small`. */
  #smallFirst: Receipt | undefined;
  #enteredAt: number | undefined;
  #chunks: ObservationChunk[] = [];
  #receipts: Receipt[] = [];
  #rows: number[] = [];

  constructor(table: SeriesTable) {
    this.#small = new ChunkBuilder(table, smallRowsMax);
  }

  /** Takes over the caller's hold on the receipt. */
  add(chunk: ObservationChunk): void {
    const { receipt, length } = chunk;
    this.#receipts.push(receipt);
    this.#rows.push(length);
    if (length > smallRowsMax) {
      this.#join();
      this.#chunks.push(chunk);
    } else this.#copy(chunk);
  }

  /** What was added since the last call. */
  take(): RowBatch {
    this.#join();
    const batch = { chunks: this.#chunks, receipts: this.#receipts, rows: this.#rows };
    this.#chunks = [];
    this.#receipts = [];
    this.#rows = [];
    return batch;
  }

  #copy({ table, series, time, values, length, receipt }: ObservationChunk): void {
    const { enteredAt, lane } = receipt;
    const first = this.#smallFirst;
    const alike = first?.lane === lane && (first?.enteredAt === undefined) === (enteredAt === undefined);
    if (!alike || this.#small.rows + length > joinedRowsMax) this.#join();
    this.#smallFirst ??= receipt;
    if (enteredAt !== undefined) this.#enteredAt = Math.max(enteredAt, this.#enteredAt ?? enteredAt);
    for (let row = 0; row < length; row += 1) {
      this.#small.add(table.at(series[row] as number), time[row] as number, values[row]);
    }
  }

  /** Makes chunks of what was copied: rows of one lane, as of the newest of their entries. */
  #join(): void {
    const first = this.#smallFirst;
    if (first === undefined) return;
    const asOf = new Receipt(0, ignore, ignore, { enteredAt: this.#enteredAt, lane: first.lane });
    for (const chunk of this.#small.build(asOf)) this.#chunks.push(chunk);
    this.#smallFirst = undefined;
    this.#enteredAt = undefined;
  }
}

/** Up to so many rows copying costs less than keeping the chunk. */
const smallRowsMax = 32;

const joinedRowsMax = 1_024;

function ignore(): void {}
