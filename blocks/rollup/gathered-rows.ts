import { Receipt } from "../../runtime/receipt.ts";
import { ChunkBuilder } from "../model/chunk-builder.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { SeriesTable } from "../model/series.ts";
import { areOfType } from "../model/sound-rows.ts";
import type { FoldKernel } from "./kernel/fold-kernel.ts";
import { type KernelPool, sharedKernels } from "./kernel/kernel-pool.ts";

/** Rows that go to the store in one piece. */
export interface RowBatch {
  /** Rows that no kernel took, in order of arrival; for the receipts of their rows see `receipts`. */
  readonly chunks: readonly ObservationChunk[];
  /** Has all rows of layout `float`, in order of arrival; absent where `chunks` have them. */
  readonly kernel: FoldKernel | undefined;
  /** Chunks that the kernel took: all whose rows have an entry, and of the others the first. */
  readonly taken: readonly ObservationChunk[];
  /** A hold on the receipt of each chunk that was added. */
  readonly receipts: readonly Receipt[];
  /** Rows under the receipt at the same place. */
  readonly rows: readonly number[];
}

/**
 * Gathers chunks until they are recorded. Rows of small ones are copied together, and the chunks let go of: a chunk of its own for
 * each of many messages costs more than the rows in it, the more the longer it is kept. Once there are many rows of layout `float`,
 * a kernel takes them, and sorts the next ones as they come, while the processor has them at hand.
 */
export class GatheredRows {
  readonly #table: SeriesTable;
  readonly #kernels: KernelPool;
  readonly #kernelRows: number;
  readonly #small: ChunkBuilder;
  /** The first receipt of the rows in `#small`. */
  #smallFirst: Receipt | undefined;
  #enteredAt: number | undefined;
  #chunks: ObservationChunk[] = [];
  /** Rows of layout `float` in `#chunks`. */
  #floatRows = 0;
  #kernel: FoldKernel | undefined;
  #taken: ObservationChunk[] = [];
  /** One of them is there for those without an entry. */
  #tookUnentered = false;
  #receipts: Receipt[] = [];
  #rows: number[] = [];
  readonly #known: () => number;
  /** Of the last batch that a kernel took. */
  #expected = { rows: 0, groups: 0 };

  /**
   * @param known How many known points the rows of a series are likely to be put behind.
   * @param kernelRows So many rows of layout `float` are worth a kernel.
   */
  constructor(
    table: SeriesTable,
    known: () => number = () => 0,
    kernels: KernelPool = sharedKernels,
    kernelRows = kernelRowsDefault,
  ) {
    this.#known = known;
    this.#table = table;
    this.#kernels = kernels;
    this.#kernelRows = kernelRows;
    this.#small = new ChunkBuilder(table, smallRowsMax);
  }

  /**
   * Takes over the caller's hold on the receipt.
   *
   * @throws {Error} where it, or a small one before it, names a series beyond its table; nothing can be added any more.
   */
  add(chunk: ObservationChunk): void {
    const { receipt, length } = chunk;
    this.#receipts.push(receipt);
    this.#rows.push(length);
    if (length > smallRowsMax) {
      this.#join();
      this.#keep(chunk);
    } else this.#copy(chunk);
  }

  /**
   * Adds a chunk if it has many rows and all are known to be sound at little cost: in the pass in which a kernel sorts them.
   *
   * @returns whether it did.
   * @throws {Error} as `add`.
   */
  addSound(chunk: ObservationChunk): boolean {
    const { receipt, layout, length } = chunk;
    if (layout !== "float" || length <= smallRowsMax || !areOfType(chunk)) return false;
    this.#join();
    if (this.#kernel === undefined && this.#floatRows + length >= this.#kernelRows) this.#takeKernel();
    if (this.#kernel?.addSound(chunk) !== true) return false;
    this.#receipts.push(receipt);
    this.#rows.push(length);
    this.#took(chunk);
    return true;
  }

  /** What was added since the last call. */
  take(): RowBatch {
    this.#join();
    const kernel = this.#kernel;
    if (kernel !== undefined) this.#expected = { rows: kernel.rows, groups: kernel.groups };
    const batch = {
      ...{ chunks: this.#chunks, kernel, taken: this.#taken },
      ...{ receipts: this.#receipts, rows: this.#rows },
    };
    this.#chunks = [];
    this.#floatRows = 0;
    this.#kernel = undefined;
    this.#taken = [];
    this.#tookUnentered = false;
    this.#receipts = [];
    this.#rows = [];
    return batch;
  }

  #keep(chunk: ObservationChunk): void {
    if (chunk.layout !== "float") {
      this.#chunks.push(chunk);
      return;
    }
    if (this.#kernel === undefined) {
      this.#chunks.push(chunk);
      this.#floatRows += chunk.length;
      if (this.#floatRows >= this.#kernelRows) this.#takeKernel();
    } else this.#give(chunk, this.#kernel);
  }

  #takeKernel(): void {
    const kernel = this.#kernels.take();
    if (kernel === undefined) return;
    this.#kernel = kernel;
    kernel.begin(this.#table, { ...this.#expected, known: this.#known() });
    const others: ObservationChunk[] = [];
    for (const chunk of this.#chunks) {
      if (chunk.layout === "float") this.#give(chunk, kernel);
      else others.push(chunk);
    }
    this.#chunks = others;
  }

  #give(chunk: ObservationChunk, kernel: FoldKernel): void {
    kernel.add(chunk);
    this.#took(chunk);
  }

  #took(chunk: ObservationChunk): void {
    const entered = chunk.receipt.enteredAt !== undefined;
    if (entered || !this.#tookUnentered) this.#taken.push(chunk);
    if (!entered) this.#tookUnentered = true;
  }

  #copy({ table, series, time, values, length, receipt }: ObservationChunk): void {
    const { enteredAt, lane } = receipt;
    const first = this.#smallFirst;
    const alike = first?.lane === lane && (first?.enteredAt === undefined) === (enteredAt === undefined);
    if (!alike || this.#small.rows + length > joinedRowsMax) this.#join();
    this.#smallFirst ??= receipt;
    if (enteredAt !== undefined) this.#enteredAt = Math.max(enteredAt, this.#enteredAt ?? enteredAt);
    if (values instanceof Float64Array) {
      // Which series a row is of need not be known to tell its layout.
      const { numbers } = this.#small;
      for (let row = 0; row < length; row += 1) {
        const into = numbers.push(series[row] as number, time[row] as number);
        numbers.values[into] = values[row] as number;
      }
      return;
    }
    for (let row = 0; row < length; row += 1) {
      this.#small.add(table.at(series[row] as number), time[row] as number, values[row]);
    }
  }

  /** Makes chunks of what was copied: rows of one lane, as of the newest of their entries. */
  #join(): void {
    const first = this.#smallFirst;
    if (first === undefined) return;
    const asOf = new Receipt(0, ignore, ignore, { enteredAt: this.#enteredAt, lane: first.lane });
    this.#smallFirst = undefined;
    this.#enteredAt = undefined;
    for (const chunk of this.#small.build(asOf)) this.#keep(chunk);
  }
}

/** Up to so many rows copying costs less than keeping the chunk. */
const smallRowsMax = 32;

const joinedRowsMax = 1_024;

/** Below it the calls of a kernel, and its room, cost more than they save. */
const kernelRowsDefault = 4_096;

function ignore(): void {}
