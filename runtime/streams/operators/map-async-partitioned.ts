import assert from "node:assert/strict";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";

import { type Eventually, isPromise, PromiseCallbacks } from "./promise-result.ts";

/**
 * Changes each element by a function that may take its time, one at a time for each key.
 *
 * Emits:         what `change(element, key)` gives or resolves with, in the order of the elements; undefined and null are left
 *                out.
 * Backpressures: when `parallelism` elements are under way, or wait for one of their key, for an earlier one or for downstream.
 * Completes:     when upstream completed and all is emitted.
 * Cancels:       when downstream cancels; what is under way goes on and its result is dropped.
 * State:         up to `parallelism` elements or results, and their keys.
 * Delivery:      at most one out for one in; `change` is called for an element only after the one before it of that key is done;
 *                supervised where `keyOf` or `change` throws or a promise rejects.
 *
 * @param parallelism Of all keys together, at least 1.
 * @see Pekko, `mapAsyncPartitioned`
 */
export function mapAsyncPartitioned<In, Key, Out>(
  parallelism: number,
  keyOf: (element: In) => Key,
  change: (element: In, key: Key) => Eventually<Out>,
): GraphStage<FlowShape<In, Out>> {
  assert(Number.isInteger(parallelism) && parallelism >= 1, "at least one element is under way");
  return flowStage<In, Out>(
    "mapAsyncPartitioned",
    (shape, attributes) => new MapAsyncPartitionedLogic(shape, attributes, parallelism, { keyOf, change }),
  );
}

interface PartitionedFunctions<In, Key, Out> {
  readonly keyOf: (element: In) => Key;
  readonly change: (element: In, key: Key) => Eventually<Out>;
}

/** One element on its way. */
interface Task<In, Key, Out> {
  readonly element: In;
  readonly key: Key;
  done: boolean;
  result: Out | undefined;
}

class MapAsyncPartitionedLogic<In, Key, Out> extends SupervisedLogic<In, Out> {
  readonly #parallelism: number;
  readonly #functions: PartitionedFunctions<In, Key, Out>;
  readonly #tasks: Ring<Task<In, Key, Out>>;
  /** For each key under way, its tasks in order; the first one runs. */
  readonly #lines = new Map<Key, Task<In, Key, Out>[]>();
  readonly #callbacks: PromiseCallbacks<Task<In, Key, Out>, Out>;
  /** The oldest task, taken out of the ring. */
  #oldest: Task<In, Key, Out> | undefined;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    parallelism: number,
    functions: PartitionedFunctions<In, Key, Out>,
  ) {
    super(shape, attributes);
    this.#parallelism = parallelism;
    this.#functions = functions;
    this.#tasks = new Ring(parallelism);
    this.#callbacks = new PromiseCallbacks(
      this,
      (task, value) => this.#onSettled(task, value),
      (task, thrown) => {
        this.decide(thrown);
        this.#onSettled(task, undefined);
      },
    );
  }

  override preStart(): void {
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    try {
      this.#add({ element, key: this.#functions.keyOf(element), done: false, result: undefined });
    } catch (thrown) {
      this.decide(thrown);
    }
    this.#goOn();
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  #add(task: Task<In, Key, Out>): void {
    if (this.#oldest === undefined) this.#oldest = task;
    else this.#tasks.push(task);
    const line = this.#lines.get(task.key);
    if (line !== undefined) {
      line.push(task);
      return;
    }
    this.#lines.set(task.key, [task]);
    this.#run(task);
  }

  /** Runs the first task of a line, and those after it that are done at once. */
  #run(first: Task<In, Key, Out>): void {
    for (let task: Task<In, Key, Out> | undefined = first; task !== undefined; task = this.#next(task)) {
      try {
        const result = this.#functions.change(task.element, task.key);
        if (isPromise(result)) {
          this.#callbacks.await(result, task);
          return;
        }
        task.result = result;
      } catch (thrown) {
        this.decide(thrown);
      }
      task.done = true;
    }
  }

  /** The task that may run now that this one is done. */
  #next(task: Task<In, Key, Out>): Task<In, Key, Out> | undefined {
    const line = this.#lines.get(task.key);
    line?.shift();
    if (line?.length === 0) this.#lines.delete(task.key);
    return line?.[0];
  }

  #onSettled(task: Task<In, Key, Out>, result: Out | undefined): void {
    task.result = result;
    task.done = true;
    const next = this.#next(task);
    if (next !== undefined) this.#run(next);
    this.#goOn();
  }

  #goOn(): void {
    for (let task = this.#oldest; task?.done === true && this.isAvailable(this.out); task = this.#oldest) {
      this.#oldest = this.#tasks.shift();
      if (task.result !== undefined && task.result !== null) this.push(this.out, task.result);
    }
    const used = this.#oldest === undefined ? 0 : this.#tasks.size + 1;
    if (used < this.#parallelism) this.pullUnlessPulled();
    if (used === 0 && this.isClosed(this.in)) this.completeStage();
  }
}
