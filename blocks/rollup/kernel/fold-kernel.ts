import { floatStateWidth } from "../../derivators/float-state.ts";
import type { ObservationChunk } from "../../model/observation-chunk.ts";
import type { RowSort } from "../row-sort.ts";
import { kernelBytes } from "./kernel-bytes.ts";

/** What `kernel.as` exports. */
interface KernelExports {
  layOut(window: number, series: number, rows: number, groups: number, buckets: number): number;
  column(number: number): number;
  countRows(rows: number, touched: number): number;
  scatterRows(rows: number): void;
  order(groups: number): void;
  fold(group: number, groups: number, bucketMs: number): number;
}

/**
 * The compiled kernel: sorts rows of layout `float` by series, puts those of many groups in order and folds their buckets, in
 * columns that lie in its memory. It computes the very bits that `PlainSort`, `RowOrder` and `foldFloats` do, in a third to a half
 * of their time.
 */
export class FoldKernel implements RowSort {
  counts = noCounts;
  touched = noCounts;
  time = noFloats;
  values = noFloats;
  start = noCounts;
  from = noCounts;
  to = noCounts;
  late = noCounts;
  /** The row that the fold of a group goes on with. */
  next = noCounts;
  /** 1 where the first bucket of a group begins with the state in `hot`. */
  goesOn = noCounts;
  /** Behind which of the states of the last `fold` those of a group end. */
  ends = noCounts;
  hot = noFloats;
  /** Starts of the buckets of the last `fold`. */
  bucketStarts = noFloats;
  states = noFloats;
  /** Rows that are on their way in. */
  #windowSeries = noCounts;
  #windowTime = noFloats;
  #windowValues = noFloats;
  readonly #memory: WasmMemory;
  readonly #exports: KernelExports;

  private constructor(wasm: WebAssemblyApi) {
    this.#memory = new wasm.Memory({ initial: 1 });
    module ??= new wasm.Module(Buffer.from(kernelBytes, "base64"));
    this.#exports = new wasm.Instance(module, { env: { memory: this.#memory } }).exports;
  }

  /** A kernel without room; undefined where this process can have none. */
  static open(): FoldKernel | undefined {
    const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyApi };
    try {
      return wasm && new FoldKernel(wasm);
    } catch (fault) {
      // No memory, or a processor without SIMD.
      if (fault instanceof RangeError || (wasm && fault instanceof wasm.CompileError)) return undefined;
      throw fault;
    }
  }

  /** @throws {RangeError} where this process has no such room. */
  reserveSeries(count: number): void {
    if (this.counts.length >= count) return;
    this.#layOut(Math.max(count, 2 * this.counts.length), this.time.length, this.start.length);
    this.counts.fill(0);
  }

  /**
   * Makes room for so many rows and groups; what is in their columns afterwards has no meaning.
   *
   * @throws {RangeError} where this process has no such room.
   */
  reserve(rows: number, groups: number): void {
    this.#layOut(this.counts.length, rows, groups);
  }

  count({ series, length }: ObservationChunk, touched: number): number {
    let count = touched;
    for (let from = 0; from < length; from += windowRows) {
      const to = Math.min(length, from + windowRows);
      this.#windowSeries.set(rowsOf(series, from, to));
      count = this.#exports.countRows(to - from, count);
      if (count < 0) return -1;
    }
    return count;
  }

  scatter({ series, time, values, length }: ObservationChunk): void {
    for (let from = 0; from < length; from += windowRows) {
      const to = Math.min(length, from + windowRows);
      this.#windowSeries.set(rowsOf(series, from, to));
      this.#windowTime.set(rowsOf(time, from, to));
      this.#windowValues.set(rowsOf(values as Float64Array, from, to));
      this.#exports.scatterRows(to - from);
    }
  }

  /** Puts the rows of `groups` groups in order, and says in `from`, `to` and `late` what came of it. */
  order(groups: number): void {
    this.#exports.order(groups);
  }

  /**
   * Folds the buckets of groups `group` to `groups` from `next` on, as many as there is room for: call it again with what it returns
   * until that is `groups`.
   */
  fold(group: number, groups: number, bucketMs: number): number {
    return this.#exports.fold(group, groups, bucketMs);
  }

  #layOut(series: number, rows: number, groups: number): void {
    const memory = this.#memory;
    const bytes = this.#exports.layOut(windowRows, series, rows, groups, bucketsAtOnce);
    const missing = Math.ceil((bytes - memory.buffer.byteLength) / pageBytes);
    if (missing > 0) memory.grow(missing);
    const { buffer } = memory;
    const floats = (number: number, length: number) => new Float64Array(buffer, this.#exports.column(number), length);
    const counts = (number: number, length: number) => new Uint32Array(buffer, this.#exports.column(number), length);
    this.time = floats(0, rows);
    this.values = floats(1, rows);
    this.start = counts(2, groups);
    this.from = counts(3, groups);
    this.to = counts(4, groups);
    this.late = counts(5, groups);
    this.next = counts(6, groups);
    this.goesOn = counts(7, groups);
    this.ends = counts(8, groups);
    this.hot = floats(9, groups * floatStateWidth);
    this.bucketStarts = floats(10, bucketsAtOnce);
    this.states = floats(11, bucketsAtOnce * floatStateWidth);
    this.#windowSeries = counts(12, windowRows);
    this.#windowTime = floats(13, windowRows);
    this.#windowValues = floats(14, windowRows);
    this.counts = counts(15, series);
    this.touched = counts(16, series);
  }
}

/** What is used of `WebAssembly`, of which the types of Node know nothing. */
interface WebAssemblyApi {
  readonly Memory: new (size: { initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array) => object;
  readonly CompileError: new () => Error;
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports };
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** Compiled once a process, when a batch is first large enough: some 0.1 ms. */
let module: object | undefined;

const pageBytes = 65_536;

/** States of one call of `fold`; so many stay in the cache of the processor until they are copied. */
const bucketsAtOnce = 4_096;

/** So many rows stay in the first cache of the processor until they are sorted. */
const windowRows = 1_024;

const noCounts = new Uint32Array(0);
const noFloats = new Float64Array(0);

/** A view takes longer to make than a row to move. */
function rowsOf<C extends Uint32Array | Float64Array>(column: C, from: number, to: number): C {
  return (from === 0 && to === column.length ? column : column.subarray(from, to)) as C;
}
