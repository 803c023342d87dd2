import { floatStateWidth } from "../../derivators/float-state.ts";
import type { ObservationChunk } from "../../model/observation-chunk.ts";
import { kernelBytes } from "./kernel-bytes.ts";

/** What `kernel.as` exports. */
interface KernelExports {
  open(window: number, buckets: number): number;
  begin(blockBits: number, lead: number, extent: number, extentsMax: number): void;
  sizeFor(series: number): number;
  grow(series: number): void;
  areOf(rows: number, series: number): number;
  scatter(from: number, rows: number): number;
  scanOf(rows: number): number;
  scatterScans(place: number, rows: number): number;
  wereSound(): number;
  takeBack(rows: number): void;
  groups(): number;
  emptyAll(): number;
  list(): void;
  wantRows(rows: number): number;
  moveBehind(group: number, before: number): void;
  columnLength(): number;
  layOutLate(): number;
  takeKnown(group: number, groups: number): void;
  giveNewest(group: number, groups: number, most: number, room: number): number;
  order(group: number, groups: number): void;
  fold(group: number, groups: number, bucketMs: number): number;
  buckets(): number;
  column(number: number): number;
}

/** What a batch is likely to have. The kernel makes room by it; it may be wrong. */
export interface ExpectedRows {
  readonly rows: number;
  readonly groups: number;
  /** Points that are put before the rows of a group. */
  readonly known: number;
}

/**
 * The compiled kernel: sorts rows of layout `float` by series as they come, puts those of all groups in order and folds their buckets,
 * in its memory. It computes the very bits that `PlainSort`, `RowOrder` and `foldFloats` do, in a fifth to a half of their time.
 *
 * `begin`, then `add` any number of times; then `list`, and `reserveRows` and `moveBehind` where points are put before the rows; then
 * `order` and `fold`. Columns stay as they are until the next `begin`.
 *
 * Memory: 16 to 64 bytes a row, what is kept free for known points included; for each series that has rows 740 bytes, or 220 where the
 * table has more than 16,384; 4 bytes for each series of the table. It grows as it must and is kept.
 */
export class FoldKernel {
  /** Index of the series, by group; ascending. */
  series = noCounts;
  /** Before `from` there is room from here on. */
  start = noCounts;
  from = noCounts;
  to = noCounts;
  late = noCounts;
  /** The row that the fold of a group goes on with; how many rows `giveNewest` gave of it. */
  next = noCounts;
  /** 1 where the fold of a group goes on from the state in `hot`. */
  goesOn = noCounts;
  /** Start of the last bucket of a group that was folded. */
  lastStarts = noFloats;
  /** From where on `giveNewest` gives the rows of a group; Infinity where it gives none. In the place of `lastStarts`. */
  sinces = noFloats;
  /** State of the last bucket of a group, before it is folded and afterwards. */
  hot = noFloats;
  time = noFloats;
  values = noFloats;
  /** Of the buckets of the last `fold`. */
  bucketSeries = noCounts;
  bucketStarts = noFloats;
  states = noFloats;
  /** Rows that are on their way in, or that `giveNewest` gave. */
  windowTime = noFloats;
  windowValues = noFloats;
  #windowSeries = noCounts;
  #table: { readonly size: number } = { size: 0 };
  #rows = 0;
  #seriesRoom = 0;
  readonly #memory: WasmMemory;
  readonly #exports: KernelExports;

  private constructor(wasm: WebAssemblyApi) {
    this.#memory = new wasm.Memory({ initial: 1 });
    module ??= new wasm.Module(Buffer.from(kernelBytes, "base64"));
    this.#exports = new wasm.Instance(module, { env: { memory: this.#memory } }).exports;
    this.#reserve(this.#exports.open(windowRows, bucketsAtOnce));
  }

  /** A kernel without rows; undefined where this process can have none. */
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

  /** Begins a batch of rows of the series of a table, to which more may come. */
  begin(table: { readonly size: number }, { rows, groups, known }: ExpectedRows = nothingExpected): void {
    this.#table = table;
    this.#rows = 0;
    const bits = table.size > manySeries ? 2 : 5;
    const ofGroup = rows / Math.max(1, groups);
    const lead = Math.min(leadMax, wholeLines(Math.min(known, ofGroup)));
    const extent = lead + wholeLines(1.25 * ofGroup);
    this.#exports.begin(bits, lead, extent, 2 * (rows + groups * lead));
  }

  /**
   * Takes the rows of a chunk, in its order behind those that it took.
   *
   * @throws {Error} where it names a series beyond the table.
   * @throws {RangeError} where this process has no room for it.
   */
  add(chunk: ObservationChunk): void {
    for (let from = 0; from < chunk.length; from += windowRows) this.#addWindow(chunk, from);
  }

  /** The same, but takes none where `areSound` would not find all of them sound. @returns whether it took them. */
  addSound(chunk: ObservationChunk): boolean {
    for (let from = 0; from < chunk.length; from += windowRows) {
      this.#addWindow(chunk, from);
      if (this.#exports.wereSound() !== 0) continue;
      for (let last = from; last >= 0; last -= windowRows) {
        const rows = this.#bring(chunk, last);
        this.#exports.takeBack(rows);
        this.#rows -= rows;
      }
      return false;
    }
    return true;
  }

  /** Rows that it took. */
  get rows(): number {
    return this.#rows;
  }

  /** Series that it took rows of. */
  get groups(): number {
    return this.#exports.groups();
  }

  /** Says which series have rows, ascending, and where they are: `from` to `to`. */
  list(): void {
    while (this.#exports.emptyAll() === 0) this.#grow();
    this.#exports.list();
    this.#show();
  }

  /** Makes room for so many rows more, as `moveBehind` takes. */
  reserveRows(rows: number): void {
    if (this.#exports.wantRows(rows) === 0) this.#grow();
    this.#reserve(this.#exports.layOutLate());
    this.#show();
  }

  /** Moves the rows of a group, for which there is room, so that `before` others find place before them. */
  moveBehind(group: number, before: number): void {
    this.#exports.moveBehind(group, before);
  }

  /**
   * Puts known points, at most `windowRows`, before the rows of groups: first those of the first one, as many as there are rows from `start`
   * to `from`, and so on.
   */
  takeKnown(time: Float64Array, values: Float64Array, group: number, groups: number): void {
    this.windowTime.set(time);
    this.windowValues.set(values);
    this.#exports.takeKnown(group, groups);
  }

  /**
   * Gives in the window the rows of groups from `sinces` on, one group behind the other, and in `next` how many of each; none of a group that has
   * more than `most`, which is at most `windowRows`.
   *
   * @returns the group to call it with again, until that is `groups`.
   */
  giveNewest(group: number, groups: number, most: number): number {
    return this.#exports.giveNewest(group, groups, most, windowRows);
  }

  /** Puts the rows of groups in order, and says in `from`, `to` and `late` what came of it. */
  order(group: number, groups: number): void {
    this.#exports.order(group, groups);
  }

  /**
   * Folds the buckets of groups `group` to `groups` from `next` on, as many as there is room for: call it again with what it returns
   * until that is `groups`.
   */
  fold(group: number, groups: number, bucketMs: number): number {
    return this.#exports.fold(group, groups, bucketMs);
  }

  /** How many buckets the last `fold` folded. */
  get buckets(): number {
    return this.#exports.buckets();
  }

  #addWindow(chunk: ObservationChunk, from: number): void {
    const { size } = this.#table;
    const rows = this.#bring(chunk, from);
    if (this.#exports.areOf(rows, size) === 0) {
      throw new Error(`A chunk names a series that its table, of ${size}, lacks`);
    }
    if (size > this.#seriesRoom) this.#grow();
    const scan = this.#exports.scanOf(rows);
    for (let place = 0; place < scan; ) {
      place = this.#exports.scatterScans(place, rows);
      if (place < scan) this.#grow();
    }
    for (let row = scan > 0 ? rows : 0; row < rows; ) {
      row = this.#exports.scatter(row, rows);
      if (row < rows) this.#grow();
    }
    this.#rows += rows;
  }

  /** Brings the rows of a chunk from `from` on into the window. @returns how many. */
  #bring({ length, series, time, values }: ObservationChunk, from: number): number {
    const to = Math.min(length, from + windowRows);
    this.#windowSeries.set(rowsOf(series, from, to));
    this.windowTime.set(rowsOf(time, from, to));
    this.windowValues.set(rowsOf(values as Float64Array, from, to));
    return to - from;
  }

  #grow(): void {
    const { size } = this.#table;
    if (size > this.#seriesRoom) this.#seriesRoom = Math.max(size, this.#seriesRoom + (this.#seriesRoom >>> 2), 1_024);
    this.#reserve(this.#exports.sizeFor(this.#seriesRoom));
    this.#exports.grow(this.#seriesRoom);
  }

  #show(): void {
    const groups = this.#exports.groups();
    const rows = this.#exports.columnLength();
    const counts = (column: number) => this.#counts(column, groups);
    this.series = counts(5);
    this.start = counts(6);
    this.from = counts(7);
    this.to = counts(8);
    this.late = counts(9);
    this.next = counts(10);
    this.goesOn = counts(11);
    this.lastStarts = this.#floats(12, groups);
    this.sinces = this.#floats(16, groups);
    this.hot = this.#floats(13, groups * floatStateWidth);
    this.time = this.#floats(14, rows);
    this.values = this.#floats(15, rows);
  }

  /** Views of the memory from before do not outlive its growth. */
  #reserve(bytes: number): void {
    const memory = this.#memory;
    const had = memory.buffer.byteLength;
    if (bytes <= had) return;
    memory.grow(Math.ceil(Math.max(bytes - had, had >>> 3) / pageBytes));
    this.#windowSeries = this.#counts(0, windowRows);
    this.windowTime = this.#floats(1, windowRows);
    this.windowValues = this.#floats(2, windowRows);
    this.bucketSeries = this.#counts(17, bucketsAtOnce);
    this.bucketStarts = this.#floats(3, bucketsAtOnce);
    this.states = this.#floats(4, bucketsAtOnce * floatStateWidth);
  }

  #counts(column: number, length: number) {
    return new Uint32Array(this.#memory.buffer, this.#exports.column(column), length);
  }

  #floats(column: number, length: number) {
    return new Float64Array(this.#memory.buffer, this.#exports.column(column), length);
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

/** As many as a chunk has at most, as a rule; they stay in the cache of the processor until they are sorted. */
export const windowRows = 8_192;

/** Blocks of 32 slots for more series would not stay in the cache; where most have few rows, short ones waste less. */
const manySeries = 16_384;

/** More rows, or more than a series has itself, are not kept free before those of a series: where more are known it is moved. */
const leadMax = 256;

const nothingExpected: ExpectedRows = { rows: 0, groups: 0, known: 0 };

const noCounts = new Uint32Array(0);
const noFloats = new Float64Array(0);

/** Rows that fill whole cache lines. */
function wholeLines(rows: number): number {
  return 8 * Math.ceil(rows / 8);
}

/** A view takes longer to make than a row to move. */
function rowsOf<C extends Uint32Array | Float64Array>(column: C, from: number, to: number): C {
  return (from === 0 && to === column.length ? column : column.subarray(from, to)) as C;
}
