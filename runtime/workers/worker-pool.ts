import type { Piscina } from "piscina";
import type { ActorSystem } from "../actors/actor-system.ts";
import type { SystemResource } from "../actors/system-resources.ts";
import { EngineError, sentenceOf } from "../errors.ts";
import type { PoolTask } from "./pool-worker.ts";
import { transferablesOf } from "./transfer.ts";
import { workerUrl } from "./worker-url.ts";

export interface WorkerPoolSettings {
  /** Stages that name the same pool share its threads; the first to run decides the other settings. Default "default". */
  readonly name?: string;
  /** Default: one less than the machine can run, at least 1. */
  readonly threads?: number;
  /** Tasks of all stages that wait at most for a thread. Default 1,024. */
  readonly queueMax?: number;
  /** Arguments of Node for each thread, such as a loader. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/** Threads that run functions of modules, one task at a time each; made by the first task, or by `start`, and closed with the system. */
export class WorkerPool implements SystemResource {
  readonly #settings: WorkerPoolSettings;
  #threads: Promise<Piscina> | undefined;
  #closed = false;

  private constructor(settings: WorkerPoolSettings) {
    this.#settings = settings;
  }

  /** The pool of that name of the system. */
  static of(system: ActorSystem, settings: WorkerPoolSettings): WorkerPool {
    return system.resources.shared(`pool/${settings.name ?? "default"}`, () => new WorkerPool(settings));
  }

  /** Makes the threads, for tasks to come; a fault is told by the first of them. */
  start(): void {
    this.#threads ??= this.#open();
    this.#threads.catch(() => {});
  }

  /**
   * Runs one task. Aborting the signal ends it even in the middle of a computation: its thread is thrown away for a new one.
   *
   * @throws {EngineError} `WORKER_FAILED` where the function throws, its thread ends, or the signal was aborted;
   * `BUFFER_FULL`, retryable, where too many wait; `ACTOR_STOPPED` where the pool is closed.
   */
  async run(task: PoolTask, signal: AbortSignal): Promise<unknown> {
    const { queueMax = 1_024 } = this.#settings;
    this.#throwIfClosed();
    this.#threads ??= this.#open();
    const threads = await this.#threads;
    // Closed while the threads were made.
    this.#throwIfClosed();
    if (threads.queueSize >= queueMax) {
      const sentence = `Cannot queue a task as at most ${queueMax} may wait for a thread: it is one more`;
      throw new EngineError("BUFFER_FULL", sentence, { retryable: true });
    }
    try {
      return await threads.run(task, { signal, transferList: [...transferablesOf(task.element)] as never });
    } catch (thrown) {
      const sentence = `Cannot run "${task.exportName}" in a worker as it must return: it is "${sentenceOf(thrown)}"`;
      throw new EngineError("WORKER_FAILED", sentence, { cause: thrown });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#threads)?.destroy();
  }

  #throwIfClosed(): void {
    if (this.#closed)
      throw new EngineError("ACTOR_STOPPED", "Cannot run a task as its pool must be open: it is closed");
  }

  async #open(): Promise<Piscina> {
    const { Piscina, FixedQueue } = await import("piscina");
    const { availableParallelism } = await import("node:os");
    const threads = this.#settings.threads ?? Math.max(1, availableParallelism() - 1);
    const { queueMax = 1_024, execArgv } = this.#settings;
    const pool = new Piscina({
      filename: workerUrl("pool-worker").href,
      minThreads: threads,
      maxThreads: threads,
      // Below this the pool itself never refuses: `run` has counted.
      maxQueue: queueMax + threads,
      taskQueue: new FixedQueue(),
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
    // A thread that fails between tasks is replaced and harms none: the next task hears of it if that fails too.
    pool.on("error", () => {});
    return pool;
  }
}
