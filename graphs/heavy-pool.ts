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
 * for. What waits holds no columns of its own, so that the recording it belongs to is what bounds it. A step that throws, ends its thread or passes the deadline fails alone; the deadline counts from when its thread begins.
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
    const began = new Int32Array(new SharedArrayBuffer(4));
    let rule: string | undefined;
    const limit = (ms: number, what: string) =>
      this.#clock.after(ms, () => {
        rule = `${what} must take at most ${ms} ms`;
        abort.abort();
      });
    let timer = limit(startMs, "to load its plugin in a thread");
    const begun = Atomics.waitAsync(began, 0, 0);
    void Promise.resolve(begun.value).then(() => {
      timer.cancel();
      if (!settled) timer = limit(this.#deadlineMs, "a step (`deadline` of `workers`)");
    });
    let settled = false;
    try {
      const element = move({ ...task, began }, () => buffersOf(task));
      return await this.#pool.run({ module: kernel, exportName: "runHeavyTask", element }, abort.signal);
    } catch (cause) {
      // What it threw, or how its thread ended: the task of the pool is no word of the user's.
      if (rule === undefined) throw cause instanceof EngineError && cause.cause !== undefined ? cause.cause : cause;
      throw new EngineError("WORKER_FAILED", `Cannot wait for "${task.exportName}" as ${rule}: it takes longer`, {
        cause,
      });
    } finally {
      settled = true;
      timer.cancel();
      // Where the thread never came so far.
      Atomics.notify(began, 0);
    }
  }
}

/** Longest start of a thread and of a plugin in it: they have nothing to do with the data. */
const startMs = 60_000;

const kernel = new URL(`../blocks/model/heavy-task${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)
  .href;

/** Of the columns that were copied for the task. */
function buffersOf({ step }: HeavyTask): ArrayBuffer[] {
  if (step.kind !== "add") return [];
  const { time, values } = step.points;
  const views = Array.isArray(values) ? [time] : [time, values];
  return views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
