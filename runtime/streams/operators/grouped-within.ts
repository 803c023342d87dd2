import assert from "node:assert/strict";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

const timerKey = "group";

/**
 * Gathers elements by number and time.
 *
 * Emits:         an array of 1 to `count` elements when `count` are there, or when `intervalMs` have passed since the group before
 *                was emitted; where none had come by then, with the first that comes. Never empty.
 * Backpressures: when a full group waits for downstream and one more element has come.
 * Completes:     when upstream completed and the last group is emitted.
 * Cancels:       when downstream cancels.
 * State:         up to `count` + 1 elements and a timer.
 * Delivery:      each element in one group, in order; a failure drops the unfinished group.
 *
 * @param count At least 1.
 * @see Pekko, `groupedWithin`
 */
export function groupedWithin<T>(count: number, intervalMs: number): GraphStage<FlowShape<T, T[]>> {
  assert(Number.isInteger(count) && count >= 1, "a group has at least one element");
  return flowStage<T, T[]>("groupedWithin", (shape) => new GroupedWithinLogic(shape, count, intervalMs));
}

class GroupedWithinLogic<T> extends FlowLogic<T, T[]> {
  readonly #count: number;
  readonly #intervalMs: number;
  #group: T[] = [];
  /** One element that came while a full group waited; it is held here, as a closed port would not hold it. */
  #waiting: T | undefined;
  /** The interval has passed: whatever is there may go. */
  #due = false;

  constructor(shape: FlowShape<T, T[]>, count: number, intervalMs: number) {
    super(shape);
    this.#count = count;
    this.#intervalMs = intervalMs;
  }

  override preStart(): void {
    this.scheduleOnce(timerKey, this.#intervalMs);
    this.pull(this.in);
  }

  onPush(): void {
    if (this.#group.length === this.#count) this.#waiting = this.grab(this.in);
    else this.#add(this.grab(this.in));
  }

  override onPull(): void {
    if (this.#group.length === this.#count || (this.#due && this.#group.length > 0)) this.#emit();
    else if (this.isClosed(this.in)) this.#finish();
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.out)) this.#finish();
    else if (this.#group.length === 0) this.completeStage();
  }

  override onTimer(): void {
    this.#due = true;
    if (this.#group.length > 0 && this.isAvailable(this.out)) this.#emit();
  }

  #add(element: T): void {
    this.#group.push(element);
    this.tryPull(this.in);
    if ((this.#group.length === this.#count || this.#due) && this.isAvailable(this.out)) this.#emit();
  }

  #emit(): void {
    const group = this.#group;
    this.#group = [];
    this.#due = false;
    this.push(this.out, group);
    this.scheduleOnce(timerKey, this.#intervalMs);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#add(waiting);
    else if (this.isClosed(this.in)) this.completeStage();
  }

  #finish(): void {
    if (this.#group.length > 0) this.push(this.out, this.#group);
    this.completeStage();
  }
}
