import assert from "node:assert/strict";
import { EngineError } from "../../runtime/errors.ts";
import { TransactionPlan, ValueMemories } from "./transaction-plan.ts";

export interface WriteQueueSteps<W> {
  /** The write shares no transaction, and nothing is planned while it is on its way. */
  alone(write: W): boolean;
  /**
   * Adds to the plan what to commit, on top of all that was planned before. May throw: then only this write fails.
   *
   * @returns false where what is on its way has to be committed first. Then nothing was added.
   */
  plan(write: W, plan: TransactionPlan): boolean;
  /** What is planned from here on is another transaction. */
  commit(plan: TransactionPlan): Promise<void>;
}

/** Writes that wait at most; a further one is refused. Segments wait for their writes, so there are as many as segments. */
const waitingMax = 1024;
/** A transaction takes no further write once it has this much; two are in memory. */
const transactionBytesMax = 32 * 1024 * 1024;

/**
 * One transaction after the other. While one is on its way to the disk, the writes that arrive are planned as the next, in order
 * of arrival.
 */
export class WriteQueue<W> {
  readonly #steps: WriteQueueSteps<W>;
  readonly #memories = new ValueMemories();
  readonly #waiting: Waiting<W>[] = [];
  #next: Transaction<W>;
  /** What is on its way. */
  #current: Transaction<W> | undefined;
  #running: Promise<void> | undefined;
  #planning = false;

  constructor(steps: WriteQueueSteps<W>) {
    this.#steps = steps;
    this.#next = this.#newTransaction();
  }

  /** @throws {EngineError} `STORE_FAILED`, retryable, when 1,024 writes wait; whatever the steps throw. */
  add(write: W): Promise<void> {
    if (this.#waiting.length + this.#next.writes.length >= waitingMax) {
      throw new EngineError("STORE_FAILED", `Cannot write to the store as at most ${waitingMax} writes wait for it`, {
        retryable: true,
      });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ write, resolve, reject });
      this.#running ??= this.#run();
      // The other writes of this turn may be planned along with it.
      if (!this.#planning) queueMicrotask(() => this.#plan());
      this.#planning = true;
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    await Promise.resolve();
    for (;;) {
      this.#plan();
      const transaction = this.#next;
      if (transaction.writes.length === 0) break;
      this.#current = transaction;
      this.#next = this.#newTransaction();
      try {
        await this.#steps.commit(transaction.plan);
        transaction.plan.release();
        for (const { resolve } of transaction.writes) resolve();
      } catch (thrown) {
        for (const { reject } of transaction.writes) reject(thrown);
        // They were planned on what is not there now.
        this.#waiting.unshift(...this.#next.writes);
        this.#next = this.#newTransaction();
      }
      this.#current = undefined;
    }
    this.#running = undefined;
  }

  #newTransaction(): Transaction<W> {
    return { plan: new TransactionPlan(this.#memories), writes: [], alone: false };
  }

  /** Plans what waits, as far as it can be planned now. */
  #plan(): void {
    this.#planning = false;
    const { plan, writes } = this.#next;
    while (plan.bytes < transactionBytesMax && !this.#next.alone && this.#current?.alone !== true) {
      const waiting = this.#waiting[0];
      if (waiting === undefined) return;
      const first = this.#current === undefined && writes.length === 0;
      const alone = this.#steps.alone(waiting.write);
      if (alone && !first) return;
      try {
        if (!this.#steps.plan(waiting.write, plan)) {
          assert(!first, "what is committed must be enough to plan the first write");
          return;
        }
        writes.push(waiting);
        this.#next.alone = alone;
      } catch (thrown) {
        waiting.reject(thrown);
      }
      this.#waiting.shift();
    }
  }
}

interface Transaction<W> {
  readonly plan: TransactionPlan;
  readonly writes: Waiting<W>[];
  alone: boolean;
}

interface Waiting<W> {
  readonly write: W;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
