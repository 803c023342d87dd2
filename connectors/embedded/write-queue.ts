import { EngineError } from "../../runtime/errors.ts";
import type { Operation } from "./environment.ts";

export interface WriteQueueSteps<W> {
  /** What the write concerns: two writes with a key in common are never planned in one transaction. May throw. */
  keysOf(write: W): readonly number[];
  /** Reads what is committed and says what to commit. May throw: then only this write fails. */
  plan(write: W): Operation[];
  commit(operations: readonly Operation[]): Promise<void>;
}

/** Writes that wait at most; a further one is refused. Segments wait for their writes, so there are as many as segments. */
const waitingMax = 1024;
/** A transaction takes no further write once it has this much. */
const transactionBytesMax = 64 * 1024 * 1024;

/**
 * One transaction after the other. Those writes that arrived while one was on its way to the disk share the next, in order of
 * arrival, up to the first that concerns what another of them writes.
 */
export class WriteQueue<W> {
  readonly #steps: WriteQueueSteps<W>;
  readonly #waiting: Waiting<W>[] = [];
  #running: Promise<void> | undefined;

  constructor(steps: WriteQueueSteps<W>) {
    this.#steps = steps;
  }

  /** @throws {EngineError} `STORE_FAILED`, retryable, when 1,024 writes wait; whatever the steps throw. */
  add(write: W): Promise<void> {
    if (this.#waiting.length >= waitingMax) {
      throw new EngineError("STORE_FAILED", `Cannot write to the store as at most ${waitingMax} writes wait for it`, {
        retryable: true,
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // Gives the other writes of this turn the chance to share the first transaction.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const { operations, taken } = this.#take();
      try {
        await this.#steps.commit(operations);
        for (const { resolve } of taken) resolve();
      } catch (thrown) {
        for (const { reject } of taken) reject(thrown);
      }
    }
    this.#running = undefined;
  }

  #take(): { operations: Operation[]; taken: Waiting<W>[] } {
    const operations: Operation[] = [];
    const taken: Waiting<W>[] = [];
    const concerned = new Set<number>();
    let bytes = 0;
    while (bytes < transactionBytesMax) {
      const next = this.#waiting[0];
      if (next === undefined) break;
      try {
        const keys = this.#steps.keysOf(next.write);
        if (keys.some((key) => concerned.has(key)) && taken.length > 0) break;
        this.#waiting.shift();
        const planned = this.#steps.plan(next.write);
        for (const key of keys) concerned.add(key);
        for (const operation of planned) {
          bytes += operation.value?.byteLength ?? 0;
          operations.push(operation);
        }
        taken.push(next);
      } catch (thrown) {
        if (this.#waiting[0] === next) this.#waiting.shift();
        next.reject(thrown);
      }
    }
    return { operations, taken };
  }
}

interface Waiting<W> {
  readonly write: W;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
