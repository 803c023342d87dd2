import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import { WorkerPool, type WorkerPoolSettings } from "../../workers/worker-pool.ts";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

export interface PooledSettings {
  /** Elements under way, or done and waiting to be emitted, at most. At least 1. */
  readonly parallelism: number;
  /** Results in the order of the elements, or as they come. Default true. */
  readonly ordered?: boolean;
  /** The longest that one element may take, its wait for a thread and the start of the pool included. Default: no limit. */
  readonly deadlineMs?: number;
  /** Default: the pool "default" of the system. */
  readonly workers?: WorkerPoolSettings;
}

/**
 * Changes each element by a function of a module, in the threads of a pool.
 *
 * Emits:         what the function gives or resolves with, in the order of the elements or as it comes; undefined and null are
 *                left out.
 * Backpressures: when `parallelism` elements are under way or wait for an earlier one or for downstream.
 * Completes:     when upstream completed and all is emitted.
 * Cancels:       when downstream cancels; what is under way is aborted.
 * State:         `parallelism` elements; the pool lets `queueMax` wait, for all stages that share it.
 * Delivery:      at most one out for one in, copied both ways except what `move` marks. A task that throws, kills its thread or
 *                passes its deadline fails alone: the decider drops its element, or the stage fails before earlier ones are emitted.
 *
 * @param module URL of a module that a thread can load.
 * @param exportName Of a function of one argument.
 */
export function pooled<In, Out>(
  module: URL,
  exportName: string,
  settings: PooledSettings,
): GraphStage<FlowShape<In, Out>> {
  const { parallelism } = settings;
  assert(Number.isInteger(parallelism) && parallelism >= 1, "at least one element is under way");
  const call = { module: module.href, exportName };
  return flowStage<In, Out>("pooled", (shape, attributes) => new PooledLogic(shape, attributes, call, settings));
}

/** One element on its way. */
interface Task<Out> {
  readonly key: string;
  readonly abort: AbortController;
  done: boolean;
  result: Out | undefined;
}

class PooledLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #pool: WorkerPool;
  readonly #call: { readonly module: string; readonly exportName: string };
  readonly #settings: PooledSettings;
  readonly #ordered: boolean;
  readonly #running = new Map<string, Task<Out>>();
  /** What is emitted next, first: in order all that is under way, else what is done. */
  readonly #line: Task<Out>[] = [];
  #taken = 0;
  readonly #onDone: (outcome: { task: Task<Out>; result: Out }) => void;
  readonly #onFailed: (outcome: { task: Task<Out>; error: EngineError }) => void;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    call: { readonly module: string; readonly exportName: string },
    settings: PooledSettings,
  ) {
    super(shape, attributes);
    this.#pool = WorkerPool.of(attributes.system, settings.workers ?? {});
    this.#call = call;
    this.#settings = settings;
    this.#ordered = settings.ordered ?? true;
    this.#onDone = this.getAsyncCallback(({ task, result }) => {
      if (this.#end(task)) this.#finish(task, result);
    });
    this.#onFailed = this.getAsyncCallback(({ task, error }) => {
      if (this.#end(task)) this.#fail(task, error);
    });
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    this.#taken += 1;
    const task: Task<Out> = { key: String(this.#taken), abort: new AbortController(), done: false, result: undefined };
    this.#running.set(task.key, task);
    if (this.#ordered) this.#line.push(task);
    if (this.#settings.deadlineMs !== undefined) this.scheduleOnce(task.key, this.#settings.deadlineMs);
    this.#pool.run({ ...this.#call, element: this.grab(this.in) }, task.abort.signal).then(
      (result) => this.#onDone({ task, result: result as Out }),
      (error: EngineError) => this.#onFailed({ task, error }),
    );
    this.#askForMore();
  }

  override onPull(): void {
    this.#emitReady();
  }

  onUpstreamFinish(): void {
    if (this.#used === 0) this.completeStage();
  }

  override onTimer(key: string): void {
    const task = this.#running.get(key);
    if (task === undefined || !this.#end(task)) return;
    task.abort.abort();
    const { deadlineMs } = this.#settings;
    const sentence = `Cannot run "${this.#call.exportName}" in a worker as it must return within ${deadlineMs} ms: it is late`;
    this.#fail(task, new EngineError("WORKER_FAILED", sentence, { retryable: true }));
  }

  override postStop(): void {
    for (const task of this.#running.values()) task.abort.abort();
    this.#running.clear();
  }

  get #used(): number {
    return this.#ordered ? this.#line.length : this.#line.length + this.#running.size;
  }

  /** @returns false where it had ended before. */
  #end(task: Task<Out>): boolean {
    this.cancelTimer(task.key);
    return this.#running.delete(task.key);
  }

  #finish(task: Task<Out>, result: Out | undefined): void {
    task.done = true;
    task.result = result;
    if (!this.#ordered) this.#line.push(task);
    this.#emitReady();
  }

  #fail(task: Task<Out>, error: EngineError): void {
    this.decide(error);
    this.#finish(task, undefined);
  }

  #emitReady(): void {
    for (let task = this.#line[0]; task?.done === true; task = this.#line[0]) {
      const { result } = task;
      if (result !== undefined && result !== null) {
        if (!this.isAvailable(this.out)) return;
        this.push(this.out, result);
      }
      this.#line.shift();
    }
    if (this.isClosed(this.in)) {
      if (this.#used === 0) this.completeStage();
    } else this.#askForMore();
  }

  #askForMore(): void {
    if (this.#used < this.#settings.parallelism && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) {
      this.pull(this.in);
    }
  }
}
