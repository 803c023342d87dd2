import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

const timerKey = "group";

/** When a group is full. */
export interface GroupLimits<T> {
  /** What a group may weigh; an element that weighs more is a group by itself. */
  readonly weightMax: number;
  readonly intervalMs: number;
  /** What an element weighs, at least 0. */
  readonly weigh: (element: T) => number;
  /** Elements of a group at most. */
  readonly countMax: number;
}

/**
 * Gathers elements by weight, number and time.
 *
 * Emits:         an array of elements when they weigh `weightMax` or are `countMax`, when the next would not fit, or when
 *                `intervalMs` have passed since the group before was emitted; where none had come by then, with the first that
 *                comes. Never empty.
 * Backpressures: when a group waits for downstream and an element that does not fit has come.
 * Completes:     when upstream completed and the last group is emitted.
 * Cancels:       when downstream cancels.
 * State:         up to `countMax` + 1 elements and a timer.
 * Delivery:      each element in one group, in order; fails with `VALUE_INVALID` where a weight is below 0 or is no number; a
 *                failure drops the unfinished group.
 *
 * @see Pekko, `groupedWeightedWithin`
 */
export function groupedWeightedWithin<T>(limits: GroupLimits<T>): GraphStage<FlowShape<T, T[]>> {
  assert(limits.weightMax > 0 && limits.countMax >= 1, "a group has at least one element");
  return flowStage<T, T[]>("groupedWeightedWithin", (shape) => new GroupedWeightedWithinLogic(shape, limits));
}

class GroupedWeightedWithinLogic<T> extends FlowLogic<T, T[]> {
  readonly #limits: GroupLimits<T>;
  #group: T[] = [];
  #weight = 0;
  /** One element that does not fit into the group that waits. */
  #waiting: { element: T; weight: number } | undefined;
  /** The interval has passed: whatever is there may go. */
  #due = false;

  constructor(shape: FlowShape<T, T[]>, limits: GroupLimits<T>) {
    super(shape);
    this.#limits = limits;
  }

  override preStart(): void {
    this.scheduleOnce(timerKey, this.#limits.intervalMs);
    this.pull(this.in);
  }

  onPush(): void {
    const element = this.grab(this.in);
    const weight = this.#limits.weigh(element);
    if (!(weight >= 0)) {
      const sentence = `Cannot group an element as its weight must be >= 0: it is ${weight}`;
      throw new EngineError("VALUE_INVALID", sentence);
    }
    if (this.#fits(weight)) this.#add(element, weight);
    else this.#waiting = { element, weight };
    this.#goOn();
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  override onTimer(): void {
    this.#due = true;
    this.#goOn();
  }

  #fits(weight: number): boolean {
    if (this.#group.length === 0) return true;
    return this.#group.length < this.#limits.countMax && this.#weight + weight <= this.#limits.weightMax;
  }

  #add(element: T, weight: number): void {
    this.#group.push(element);
    this.#weight += weight;
  }

  get #ready(): boolean {
    if (this.#group.length === 0) return false;
    if (this.#due || this.#waiting !== undefined || this.isClosed(this.in)) return true;
    return this.#weight >= this.#limits.weightMax || this.#group.length >= this.#limits.countMax;
  }

  #goOn(): void {
    if (this.#ready && this.isAvailable(this.out)) this.#emitGroup();
    if (this.#waiting !== undefined) return;
    if (!this.isClosed(this.in)) {
      if (!this.hasBeenPulled(this.in)) this.pull(this.in);
    } else if (this.#group.length === 0) this.completeStage();
  }

  #emitGroup(): void {
    const group = this.#group;
    this.#group = [];
    this.#weight = 0;
    this.#due = false;
    this.scheduleOnce(timerKey, this.#limits.intervalMs);
    this.push(this.out, group);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) this.#add(waiting.element, waiting.weight);
  }
}
