import type { HeavyRunner, HeavyTask } from "../blocks/model/heavy-task.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { Clock } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import { move } from "../runtime/workers/transfer.ts";
import { WorkerPool } from "../runtime/workers/worker-pool.ts";

export interface HeavyPoolSettings {
  /** Absent: one less than the machine can run, at least 1. */
  readonly threads?: number | undefined;
  /** Longest run of one step, ms. */
  readonly deadline: number;
  /** Arguments of Node for each thread. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/**
 * Runs the steps of heavy derivators in threads, as many at once as there are threads and in the order in which they were asked
 * for. What waits holds no columns of its own, so that the recording it belongs to is what bounds it. A step that throws, ends its thread or passes the deadline fails alone.
 */
export class HeavyPool implements HeavyRunner {
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  #free: number;
  /** Those that wait, youngest last; and those whose turn comes before them, youngest first. */
  #waiting: (() => void)[] = [];
  #nextLast: (() => void)[] = [];

  constructor(
    system: ActorSystem,
    clock: Clock,
    { threads, deadline, execArgv }: HeavyPoolSettings,
    parallelism: number,
  ) {
    const chosen = threads ?? Math.max(1, parallelism - 1);
    this.#pool = WorkerPool.of(system, {
      name: "heavy derivators",
      threads: chosen,
      ...(execArgv !== undefined && { execArgv }),
    });
    this.#clock = clock;
    this.#deadlineMs = deadline;
    this.#free = chosen;
  }

  async run(make: () => HeavyTask): Promise<unknown> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#runNow(make());
    } finally {
      const next = this.#oldest();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  #oldest(): (() => void) | undefined {
    if (this.#nextLast.length === 0) {
      this.#nextLast = this.#waiting.reverse();
      this.#waiting = [];
    }
    return this.#nextLast.pop();
  }

  async #runNow(task: HeavyTask): Promise<unknown> {
    const abort = new AbortController();
    const late = { is: false };
    const timer = this.#clock.after(this.#deadlineMs, () => {
      late.is = true;
      abort.abort();
    });
    try {
      const element = move(task, () => buffersOf(task));
      return await this.#pool.run({ module: kernel, exportName: "runHeavyTask", element }, abort.signal);
    } catch (cause) {
      if (!late.is) throw cause;
      const sentence = `Cannot wait for "${task.exportName}" as a step must take at most ${this.#deadlineMs} ms (workers.deadline): it takes longer`;
      throw new EngineError("WORKER_FAILED", sentence, { cause });
    } finally {
      timer.cancel();
    }
  }
}

const kernel = new URL(`../blocks/model/heavy-task${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)
  .href;

/** Of the columns that were copied for the task. */
function buffersOf({ step }: HeavyTask): ArrayBuffer[] {
  if (step.kind !== "add") return [];
  const { time, values } = step.points;
  const views = Array.isArray(values) ? [time] : [time, values];
  return views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
