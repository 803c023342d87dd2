import type { HeavyBatch, HeavyOutcome, HeavyRunner, HeavyTask } from "../blocks/model/heavy-task.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { Clock, Timer } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import { move } from "../runtime/workers/transfer.ts";
import { WorkerPool } from "../runtime/workers/worker-pool.ts";

export interface HeavyPoolSettings {
  readonly threads: number;
  /** Longest run of one step, ms. */
  readonly deadline: number;
  /** Arguments of Node for each thread. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/** A step that was asked for. */
interface Asked {
  readonly make: () => HeavyTask;
  readonly resolve: (value: unknown) => void;
  readonly reject: (fault: unknown) => void;
}

/** A step whose turn has come. */
interface Taken {
  readonly asked: Asked;
  readonly task: HeavyTask;
}

/**
 * Runs the steps of heavy derivators in threads, about in the order in which they were asked for. A thread gets some of them at
 * once, fewer as fewer wait, so that it need not wait for us between two short ones. A step that throws, ends its thread or
 * passes the deadline fails alone: its neighbours run again.
 *
 * Memory: the columns of what runs. What waits holds none of its own: the recording it belongs to bounds it.
 */
export class HeavyPool implements HeavyRunner {
  readonly #pool: WorkerPool;
  readonly #clock: Clock;
  readonly #settings: HeavyPoolSettings;
  #idle: number;
  /** Those that wait, youngest last; and those whose turn comes before them, youngest first. */
  #waiting: Asked[] = [];
  #nextLast: Asked[] = [];

  constructor(system: ActorSystem, clock: Clock, settings: HeavyPoolSettings) {
    const { threads, execArgv } = settings;
    this.#pool = WorkerPool.of(system, { name: "heavy", threads, ...(execArgv !== undefined && { execArgv }) });
    this.#clock = clock;
    this.#settings = settings;
    this.#idle = threads;
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
    while (this.#idle > 0) {
      const left = this.#waiting.length + this.#nextLast.length;
      if (left === 0) return;
      const count = Math.min(batchMax, Math.ceil(left / (4 * this.#settings.threads)));
      this.#idle -= 1;
      void this.#runBatch(this.#oldest(count)).finally(() => {
        this.#idle += 1;
        this.#begin();
      });
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

  async #runBatch(taken: readonly Taken[]): Promise<void> {
    const asked = taken.map((step) => step.asked);
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const watch = new Watch(this.#clock, begun, this.#settings.deadline);
    try {
      const tasks = taken.map(({ task }) => task);
      const batch: HeavyBatch = { tasks, begun };
      const element = move(batch, () => tasks.flatMap(buffersOf));
      const call = { module: kernel, exportName: "runHeavyBatch", element };
      const outcomes = (await this.#pool.run(call, watch.signal)) as HeavyOutcome[];
      outcomes.forEach((outcome, index) => {
        if ("fault" in outcome) asked[index]?.reject(outcome.fault);
        else asked[index]?.resolve(outcome.value);
      });
    } catch (thrown) {
      this.#failed(asked, Atomics.load(begun, 0), watch.late ?? causeOf(thrown));
    } finally {
      watch.end();
    }
  }

  /** The last one that began is who did it; where none had, all fail, as no thread will do better. */
  #failed(asked: readonly Asked[], begun: number, fault: unknown): void {
    const [culprits, others] =
      begun === 0 ? [asked, []] : [asked.slice(begun - 1, begun), asked.toSpliced(begun - 1, 1)];
    for (const { reject } of culprits) reject(fault);
    this.#nextLast.push(...others.reverse());
  }
}

/** Steps in one message at most, and bytes of columns: enough that the message costs little beside them. */
const batchMax = 256;
const batchBytesMax = 4 * 2 ** 20;
/** Longest start of a thread and of plugins in it, which have nothing to do with the data. */
const startMs = 60_000;

/** Aborts a batch when one of its steps takes longer than the deadline, or up to a quarter more. */
class Watch {
  /** Why it was aborted. */
  late: EngineError | undefined;
  readonly #abort = new AbortController();
  readonly #clock: Clock;
  readonly #begun: Int32Array;
  readonly #deadlineMs: number;
  #timer: Timer | undefined;
  #seen = 0;
  #since: number;

  constructor(clock: Clock, begun: Int32Array, deadlineMs: number) {
    this.#clock = clock;
    this.#begun = begun;
    this.#deadlineMs = deadlineMs;
    this.#since = clock.monotonic();
    this.#look();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  end(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const begun = Atomics.load(this.#begun, 0);
    const now = this.#clock.monotonic();
    if (begun !== this.#seen) this.#since = now;
    this.#seen = begun;
    const limitMs = begun === 0 ? startMs : this.#deadlineMs;
    if (now - this.#since >= limitMs) {
      const what = begun === 0 ? "a thread must have started" : "a step (`deadline` of `workers`) must have ended";
      const sentence = `Cannot wait for a derivator any longer as ${what} within ${limitMs} ms`;
      this.late = new EngineError("WORKER_FAILED", sentence);
      this.#abort.abort();
    } else this.#timer = this.#clock.after(Math.max(1, this.#deadlineMs / 4), () => this.#look());
  }
}

const kernel = new URL(`../blocks/model/heavy-task${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url)
  .href;

/** How the thread ended: the task of the pool is no word of the user's. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof EngineError && thrown.cause !== undefined ? thrown.cause : thrown;
}

/** Of the columns that were copied for the task. */
function buffersOf({ step }: HeavyTask): ArrayBuffer[] {
  if (step.kind !== "add") return [];
  const { time, values } = step.points;
  const views = Array.isArray(values) ? [time] : [time, values];
  return views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
