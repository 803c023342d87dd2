import assert from "node:assert/strict";
import { EngineError } from "../../runtime/errors.ts";
import { TransactionPlan, ValueMemories } from "./transaction-plan.ts";

export interface WriteQueueSteps<W> {
  /** The write shares no transaction, and nothing is planned while it is on its way. */
  alone(write: W): boolean;
  /**
   * Adds to the plan what to commit, on top of all that was planned before, from part `from` of the write on, until the plan is
   * full. May throw: then this write fails.
   *
   * @returns the part to go on with in the next transaction, `wholeWrite` where there is none, or undefined where what is on its
   *   way has to be committed first: then nothing was added.
   */
  plan(write: W, from: number, plan: TransactionPlan): number | undefined;
  /** What is planned from here on is another transaction. */
  commit(plan: TransactionPlan): Promise<void>;
}

export const wholeWrite = Number.POSITIVE_INFINITY;

/** Writes that wait at most; a further one is refused. Segments wait for their writes, so there are as many as segments. */
const waitingMax = 1024;

/**
 * One transaction after the other. While one is on its way to the disk, the writes that arrive are planned as the next, in order
 * of arrival. A large write takes several.
 */
export class WriteQueue<W> {
  readonly #steps: WriteQueueSteps<W>;
  readonly #memories = new ValueMemories();
  #waiting: Waiting<W>[] = [];
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
      this.#waiting.push({ write, from: 0, resolve, reject });
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
        const committed = this.#steps.commit(transaction.plan);
        this.#plan();
        await committed;
        transaction.plan.release();
        for (const { waiting, to } of transaction.writes) if (to === wholeWrite) waiting.resolve();
      } catch (thrown) {
        this.#failed(transaction, thrown);
      }
      this.#current = undefined;
    }
    this.#running = undefined;
  }

  /** What was planned behind it was planned on what is not there now. */
  #failed({ writes }: Transaction<W>, thrown: unknown): void {
    const failed = new Set(writes.map(({ waiting }) => waiting));
    for (const { reject } of failed) reject(thrown);
    const again = this.#next.writes.map(({ waiting, from }) => Object.assign(waiting, { from }));
    const waiting = new Set([...again, ...this.#waiting]);
    this.#waiting = [...waiting].filter((write) => !failed.has(write));
    this.#next = this.#newTransaction();
  }

  #newTransaction(): Transaction<W> {
    return { plan: new TransactionPlan(this.#memories), writes: [], alone: false };
  }

  /** Plans what waits, as far as it can be planned now. */
  #plan(): void {
    this.#planning = false;
    const { plan, writes } = this.#next;
    while (!plan.full && !this.#next.alone && this.#current?.alone !== true) {
      const waiting = this.#waiting[0];
      if (waiting === undefined) return;
      const first = this.#current === undefined && writes.length === 0;
      const alone = this.#steps.alone(waiting.write);
      if (alone && !first) return;
      const { from } = waiting;
      try {
        const to = this.#steps.plan(waiting.write, from, plan);
        if (to === undefined) {
          assert(!first, "what is committed must be enough to plan the first write");
          return;
        }
        writes.push({ waiting, from, to });
        this.#next.alone = alone;
        waiting.from = to;
        if (to !== wholeWrite) return;
      } catch (thrown) {
        waiting.reject(thrown);
      }
      this.#waiting.shift();
    }
  }
}

interface Transaction<W> {
  readonly plan: TransactionPlan;
  /** In order, with the parts that are in it. */
  readonly writes: { readonly waiting: Waiting<W>; readonly from: number; readonly to: number }[];
  alone: boolean;
}

interface Waiting<W> {
  readonly write: W;
  /** The first part that is not planned. */
  from: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}
