import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import type { HeavyTask } from "../blocks/model/heavy-task.ts";
import type { Clock, Timer } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import type { PoolTask } from "../runtime/workers/pool-worker.ts";
import { move } from "../runtime/workers/transfer.ts";
import type { HeavyBatch, HeavyOutcome } from "./heavy-thread.ts";

/** A step that was asked for. */
export interface Asked {
  readonly make: () => HeavyTask;
  readonly resolve: (value: unknown) => void;
  readonly reject: (fault: unknown) => void;
  /** A thread that it was given to once ended before it had begun with any step of the batch. */
  again?: true;
}

/** A step whose turn has come. */
export interface Taken {
  readonly asked: Asked;
  readonly task: HeavyTask;
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
export class Shift {
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
    return { module: thread, exportName: "runHeavyBatches", element: move({ port: port2 }, () => [port2]) };
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
      // Something of it cannot leave this thread: nothing has.
      if (taken.length > 1) for (const one of taken) this.add([one]);
      else for (const { reject } of asked) reject(fault);
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

/** Longest start of a thread and of plugins in it, which have nothing to do with the data. */
const startMs = 60_000;

const thread = new URL(`./heavy-thread${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url).href;

/** Of the columns that were copied for the task. */
export function buffersOf({ step }: HeavyTask): ArrayBuffer[] {
  if (step.kind !== "add") return [];
  const { time, values } = step.points;
  const views = Array.isArray(values) ? [time] : [time, values];
  return views.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}
