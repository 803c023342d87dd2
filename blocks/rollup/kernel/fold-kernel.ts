import { floatStateWidth } from "../../derivators/float-state.ts";
import { kernelBytes } from "./kernel-bytes.ts";

/** What `kernel.as` exports. */
interface KernelExports {
  layOut(rows: number, groups: number, buckets: number): number;
  column(number: number): number;
  order(groups: number): void;
  fold(group: number, groups: number, bucketMs: number): number;
}

/**
 * The compiled kernel: puts the rows of many groups in order and folds their buckets, each in one call, in columns that lie in its
 * memory. It computes the very bits that `RowOrder` and `foldFloats` do, in a third of their time.
 */
export class FoldKernel {
  readonly time: Float64Array;
  readonly values: Float64Array;
  readonly start: Uint32Array;
  readonly from: Uint32Array;
  readonly to: Uint32Array;
  readonly late: Uint32Array;
  /** The row that the fold of a group goes on with. */
  readonly next: Uint32Array;
  /** 1 where the first bucket of a group begins with the state in `hot`. */
  readonly goesOn: Uint32Array;
  /** Behind which of the states of the last `fold` those of a group end. */
  readonly ends: Uint32Array;
  readonly hot: Float64Array;
  /** Starts of the buckets of the last `fold`. */
  readonly bucketStarts: Float64Array;
  readonly states: Float64Array;
  readonly #exports: KernelExports;

  private constructor(wasm: WebAssemblyApi, rows: number, groups: number) {
    const memory = new wasm.Memory({ initial: 1 });
    module ??= new wasm.Module(Buffer.from(kernelBytes, "base64"));
    this.#exports = new wasm.Instance(module, { env: { memory } }).exports;
    memory.grow(Math.ceil(this.#exports.layOut(rows, groups, bucketsAtOnce) / pageBytes));
    const { buffer } = memory;
    const floats = (number: number, length: number) => new Float64Array(buffer, this.#exports.column(number), length);
    const counts = (number: number) => new Uint32Array(buffer, this.#exports.column(number), groups);
    this.time = floats(0, rows);
    this.values = floats(1, rows);
    this.start = counts(2);
    this.from = counts(3);
    this.to = counts(4);
    this.late = counts(5);
    this.next = counts(6);
    this.goesOn = counts(7);
    this.ends = counts(8);
    this.hot = floats(9, groups * floatStateWidth);
    this.bucketStarts = floats(10, bucketsAtOnce);
    this.states = floats(11, bucketsAtOnce * floatStateWidth);
  }

  /** A kernel with room for so many rows and groups; undefined where this process can have none. */
  static open(rows: number, groups: number): FoldKernel | undefined {
    const { WebAssembly: wasm } = globalThis as { WebAssembly?: WebAssemblyApi };
    try {
      return wasm && new FoldKernel(wasm, rows, groups);
    } catch (fault) {
      // No room, or a processor without SIMD: what the kernel does is done in JavaScript.
      if (fault instanceof RangeError || (wasm && fault instanceof wasm.CompileError)) return undefined;
      throw fault;
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
}

/** What is used of `WebAssembly`, of which the types of Node know nothing. */
interface WebAssemblyApi {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly CompileError: new () => Error;
  readonly Instance: new (module: object, imports: object) => { readonly exports: KernelExports };
}

/** Compiled once a process, when a batch is first large enough: some 0.1 ms. */
let module: object | undefined;

const pageBytes = 65_536;

/** States of one call of `fold`; so many stay in the cache of the processor until they are copied. */
const bucketsAtOnce = 4_096;
