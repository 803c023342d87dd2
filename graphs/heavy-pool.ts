import type { HeavyRunner, HeavyTask } from "../blocks/model/heavy-task.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { Clock } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import { WorkerPool } from "../runtime/workers/worker-pool.ts";
import { type Asked, buffersOf, Shift, type Taken } from "./heavy-shift.ts";

export interface HeavyPoolSettings {
  readonly threads: number;
  /** Longest run of one step, ms. */
  readonly deadline: number;
  /** Arguments of Node for each thread. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/**
 * Runs the steps of heavy derivators in threads, about in the order in which they were asked for. A thread gets some of them at
 * once, fewer as fewer wait, and the next ones while it runs these, so that it need not wait for us. A step that throws, ends its
 * thread or passes the deadline fails alone: its neighbours run again.
 *
 * Memory: the columns of what threads were given. What waits holds none of its own: the recording it belongs to bounds it.
 */
export class HeavyPool implements HeavyRunner {
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #settings: HeavyPoolSettings;
  /** Of so many threads at most. */
  readonly #shifts = new Set<Shift>();
  /** Those that wait, youngest last; and those whose turn comes before them, youngest first. */
  #waiting: Asked[] = [];
  #nextLast: Asked[] = [];

  constructor(system: ActorSystem, clock: Clock, settings: HeavyPoolSettings) {
    const { threads, execArgv } = settings;
    this.#pool = WorkerPool.of(system, { name: "heavy", threads, ...(execArgv !== undefined && { execArgv }) });
    this.#clock = clock;
    this.#settings = settings;
  }

  start(): void {
    this.#pool.start();
  }

  run(make: () => HeavyTask): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ make, resolve, reject });
      // At the end of the turn, when all that it asks for is there.
      queueMicrotask(() => this.#begin());
    });
  }

  #begin(): void {
    const { threads } = this.#settings;
    for (;;) {
      const left = this.#waiting.length + this.#nextLast.length;
      if (left === 0) return;
      const count = Math.min(batchMax, Math.ceil(left / (4 * threads)));
      if (this.#shifts.size < threads) {
        const shift = new Shift(this.#clock, this.#settings.deadline, () => this.#begin());
        this.#shifts.add(shift);
        shift.add(this.#oldest(count));
        void this.#run(shift);
      } else {
        // The last ones go to whoever is free first.
        const next = count > 1 ? [...this.#shifts].find((shift) => shift.batches.length < 2) : undefined;
        if (next === undefined) return;
        next.add(this.#oldest(count));
      }
    }
  }

  /** As many, or fewer where they have long columns. */
  #oldest(count: number): Taken[] {
    const taken: Taken[] = [];
    for (let bytes = 0; taken.length < count && bytes < batchBytesMax; ) {
      if (this.#nextLast.length === 0) {
        this.#nextLast = this.#waiting.reverse();
        this.#waiting = [];
      }
      const asked = this.#nextLast.pop() as Asked;
      const task = asked.make();
      for (const buffer of buffersOf(task)) bytes += buffer.byteLength;
      taken.push({ asked, task });
    }
    return taken;
  }

  async #run(shift: Shift): Promise<void> {
    try {
      await this.#pool.run(shift.call, shift.signal);
    } catch (thrown) {
      shift.failed(shift.late ?? causeOf(thrown));
    }
    this.#shifts.delete(shift);
    this.#nextLast.push(...shift.end().reverse());
    this.#begin();
  }
}

/** Steps in one message at most, and bytes of columns: enough that the message costs little beside them. */
const batchMax = 256;
const batchBytesMax = 4 * 2 ** 20;

/** How the thread ended: the task of the pool is no word of the user's. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof EngineError && thrown.cause !== undefined ? thrown.cause : thrown;
}
