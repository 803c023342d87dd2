import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { HeavyBatch, HeavyOutcome, HeavyRunner, HeavyTask } from "../blocks/model/heavy-task.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { Clock, Timer } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import type { PoolTask } from "../runtime/workers/pool-worker.ts";
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
  /** A thread that it was given to ended before it got to any step beside it. */
  again?: true;
}

/** A step whose turn has come. */
interface Taken {
  readonly asked: Asked;
  readonly task: HeavyTask;
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

/** What a thread was given and has not told the outcomes of. */
interface Batch {
  readonly asked: readonly Asked[];
  readonly begun: Int32Array<SharedArrayBuffer>;
}

/**
 * Batches that one thread runs one after the other, until it finds no more. It is aborted when a step takes longer than the
 * deadline, or up to a quarter more.
 */
class Shift {
  /** Oldest first. */
  readonly batches: Batch[] = [];
  /** Why it was aborted. */
  late: EngineError | undefined;
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #onBatch: () => void;
  readonly #channel = new MessageChannel();
  readonly #abort = new AbortController();
  #timer: Timer | undefined;
  /** How far it was at the last look, and since when. */
  #seen: { readonly batch: Batch | undefined; readonly begun: number } = { batch: undefined, begun: 0 };
  #since: number;

  /** @param onBatch Called when the outcomes of one have come. */
  constructor(clock: Clock, deadlineMs: number, onBatch: () => void) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
    this.#onBatch = onBatch;
    this.#since = clock.monotonic();
    this.#channel.port1.on("message", (outcomes: readonly HeavyOutcome[]) => {
      this.#settle(outcomes);
      this.#onBatch();
    });
    this.#look();
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** What the thread is to do. */
  get call(): PoolTask {
    const { port2 } = this.#channel;
    return { module: kernel, exportName: "runHeavyBatches", element: move({ port: port2 }, () => [port2]) };
  }

  add(taken: readonly Taken[]): void {
    const begun = new Int32Array(new SharedArrayBuffer(4));
    const tasks = taken.map(({ task }) => task);
    const asked = taken.map((step) => step.asked);
    const batch: HeavyBatch = { tasks, begun };
    try {
      this.#channel.port1.postMessage(batch, tasks.flatMap(buffersOf));
      this.batches.push({ asked, begun });
    } catch (fault) {
      // Something of it cannot leave this thread.
      for (const { reject } of asked) reject(fault);
    }
  }

  /**
   * Rejects the step of the oldest batch that began last, which is the one that did it. Where none had, it may have been something
   * that a step before them left running: it rejects those to which this happens again.
   */
  failed(fault: unknown): void {
    this.#receive();
    const batch = this.batches.shift();
    if (batch === undefined) return;
    const { asked } = batch;
    const begun = Atomics.load(batch.begun, 0);
    const culprits = begun === 0 ? asked.filter(({ again }) => again) : asked.slice(begun - 1, begun);
    for (const { reject } of culprits) reject(fault);
    const others = asked.filter((one) => !culprits.includes(one));
    if (begun === 0) for (const one of others) one.again = true;
    this.batches.unshift({ ...batch, asked: others });
  }

  /** @returns what has to run again, oldest first. */
  end(): Asked[] {
    this.#receive();
    this.#timer?.cancel();
    this.#channel.port1.close();
    return this.batches.flatMap(({ asked }) => asked);
  }

  /** What has come and waits for its turn to be heard. */
  #receive(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#channel.port1) as { message: readonly HeavyOutcome[] } | undefined;
      if (received === undefined) return;
      this.#settle(received.message);
    }
  }

  #settle(outcomes: readonly HeavyOutcome[]): void {
    const { asked = [] } = this.batches.shift() ?? {};
    outcomes.forEach((outcome, index) => {
      if ("fault" in outcome) asked[index]?.reject(outcome.fault);
      else asked[index]?.resolve(outcome.value);
    });
  }

  #look(): void {
    this.#receive();
    const [batch] = this.batches;
    const begun = batch === undefined ? 0 : Atomics.load(batch.begun, 0);
    const now = this.#clock.monotonic();
    if (batch !== this.#seen.batch || begun !== this.#seen.begun) this.#since = now;
    this.#seen = { batch, begun };
    const limitMs = begun === 0 ? startMs : this.#deadlineMs;
    if (now - this.#since >= limitMs) {
      const what = begun === 0 ? "a thread must have started" : "a step (`deadline` of `workers`) must have ended";
      const sentence = `Cannot wait for a derivator any longer as ${what} within ${limitMs} ms`;
      this.late = new EngineError("WORKER_FAILED", sentence);
      this.#abort.abort();
    } else this.#timer = this.#clock.after(Math.max(1, this.#deadlineMs / 4), () => this.#look());
  }
}

/** Steps in one message at most, and bytes of columns: enough that the message costs little beside them. */
const batchMax = 256;
const batchBytesMax = 4 * 2 ** 20;
/** Longest start of a thread and of plugins in it, which have nothing to do with the data. */
const startMs = 60_000;

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
