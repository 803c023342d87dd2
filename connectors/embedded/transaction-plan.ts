import { type ChunkMemory, newChunkMemory } from "../../blocks/model/rows/chunk.ts";
import type { KeyValues, Operation } from "./environment.ts";

/**
 * What one transaction does, in order, and the memory that its values stand in, side by side: thousands of small values with
 * memory of their own each would cost more than encoding them.
 */
export class TransactionPlan {
  readonly operations: Operation[] = [];
  #bytes = 0;
  /** Where the value at hand is written. */
  memory: ChunkMemory;
  readonly #memories: ValueMemories;
  readonly #full: ChunkMemory[] = [];
  #used = 0;

  constructor(memories: ValueMemories) {
    this.#memories = memories;
    this.memory = memories.take(0);
  }

  /** Nothing more is added to it; two are in memory. */
  get full(): boolean {
    return this.#bytes >= bytesMax;
  }

  /** Makes room for a value in `memory`. @returns where it starts there, a multiple of 8. */
  reserve(bytes: number): number {
    if (this.#used + bytes > this.memory.bytes.length) {
      this.#full.push(this.memory);
      this.memory = this.#memories.take(bytes);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used = at + ((bytes + 7) & ~7);
    return at;
  }

  /** Puts the value that was written into the room at `at`. @returns the value. */
  put(table: KeyValues, key: Buffer, at: number, bytes: number): Uint8Array {
    const { buffer } = this.memory.bytes;
    const value = new Uint8Array(buffer, at, bytes);
    this.add({ table, key, value });
    return value;
  }

  add(operation: Operation): void {
    this.#bytes += operationBytes + (operation.value?.byteLength ?? 0);
    this.operations.push(operation);
  }

  /** Takes back what was added since there were `count` operations. */
  truncate(count: number): void {
    for (const { value } of this.operations.splice(count)) this.#bytes -= operationBytes + (value?.byteLength ?? 0);
  }

  /** The values are not needed any more: the transaction is durable, or was never begun. */
  release(): void {
    for (const memory of [...this.#full, this.memory]) this.#memories.giveBack(memory);
  }
}

/** Memory for values, which goes from transaction to transaction: fresh memory costs more than what is written into it. */
export class ValueMemories {
  readonly #free: ChunkMemory[] = [];

  /** At least `bytes`. */
  take(bytes: number): ChunkMemory {
    return (bytes <= memoryBytes ? this.#free.pop() : undefined) ?? newChunkMemory(Math.max(bytes, memoryBytes));
  }

  giveBack(memory: ChunkMemory): void {
    if (memory.bytes.length === memoryBytes && this.#free.length < freeMax) this.#free.push(memory);
  }
}

/** What an operation takes besides its value, here and in the library, which holds the pages that it changes: about. */
const operationBytes = 1_500;
const bytesMax = 16 * 1024 * 1024;
const memoryBytes = 1024 * 1024;
/** A write of the usual size takes 5 MiB; beyond, memory is given up. */
const freeMax = 16;
