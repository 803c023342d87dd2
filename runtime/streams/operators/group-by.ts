import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape, SourceShape } from "../shape.ts";
import { SubSource } from "../sub-source.ts";

/**
 * Splits a stream by key into one substream a key.
 *
 * Emits:         a source for each new key, to be run once within 5 s; each element goes to that of its key.
 * Backpressures: when the substream of the next element does, or nobody has taken a new substream: one that is not run, or slow,
 *                holds up all.
 * Completes:     when upstream completed and each element is in its substream; substreams complete with it.
 * Cancels:       when downstream and every substream have cancelled; after downstream has, elements of new keys are dropped.
 * State:         `maxSubstreams` keys and an element of each. The keys of cancelled substreams count too, and their elements are
 *                dropped, save with `allowClosedSubstreamRecreation`: then the next element begins a substream anew, and one under way
 *                to the old substream can be lost.
 * Delivery:      each element once, in order within a key; fails with `BUFFER_FULL` at one key more, and where `key` throws or gives
 *                undefined or null.
 *
 * @param maxSubstreams At least 1.
 * @see Pekko, `groupBy`
 */
export function groupBy<T, K>(
  maxSubstreams: number,
  key: (element: T) => K,
  allowClosedSubstreamRecreation = false,
): GraphStage<FlowShape<T, GraphStage<SourceShape<T>>>> {
  assert(Number.isInteger(maxSubstreams) && maxSubstreams >= 1, "there is room for one substream");
  return flowStage<T, GraphStage<SourceShape<T>>>(
    "groupBy",
    (shape) => new GroupByLogic(shape, maxSubstreams, key, allowClosedSubstreamRecreation),
  );
}

/** A substream with the element that it began with, until that is taken. */
interface Group<T> {
  readonly source: SubSource<T>;
  first: T | undefined;
  /** It has asked for an element. */
  asks: boolean;
}

class GroupByLogic<T, K> extends FlowLogic<T, GraphStage<SourceShape<T>>> {
  readonly #maxSubstreams: number;
  readonly #key: (element: T) => K;
  readonly #recreates: boolean;
  readonly #groups = new Map<K, Group<T>>();
  /** Keys whose elements are dropped. */
  readonly #cancelled = new Set<K>();
  /** Groups that ask. */
  #asking = 0;
  /** Groups that have not taken their first element. */
  #unbegun = 0;
  /** A group that nobody was told of yet. */
  #unannounced: Group<T> | undefined;
  /** The element that its group has no room for. */
  #next: { readonly element: T; readonly group: Group<T> } | undefined;

  constructor(
    shape: FlowShape<T, GraphStage<SourceShape<T>>>,
    maxSubstreams: number,
    key: (element: T) => K,
    recreates: boolean,
  ) {
    super(shape);
    this.#maxSubstreams = maxSubstreams;
    this.#key = key;
    this.#recreates = recreates;
  }

  onPush(): void {
    const element = this.grab(this.in);
    const key = this.#key(element);
    if (key === undefined || key === null) {
      const sentence = `Cannot group an element as its key must be there: it is ${String(key)}`;
      throw new EngineError("STAGE_FAILED", sentence);
    }
    const group = this.#groups.get(key);
    if (group !== undefined) {
      if (group.asks) {
        this.#give(group, element);
        this.#askForMore();
      } else this.#next = { element, group };
    } else if (this.isClosed(this.out) || this.#cancelled.has(key)) this.#askForMore();
    else this.#begin(key, element);
  }

  override onPull(): void {
    if (this.#unannounced !== undefined) this.#announce(this.#unannounced);
    else this.#askForMore();
  }

  onUpstreamFinish(): void {
    // Both ports may be closed while elements wait.
    if (!this.#completeIfDone()) this.setKeepGoing(true);
  }

  onUpstreamFailure(error: Error): void {
    for (const group of this.#groups.values()) group.source.fail(error);
    this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    if (this.#unannounced !== undefined) this.#forgetUnannounced(this.#unannounced);
    if (this.#groups.size === 0) this.cancelStage(cause);
    else this.#askForMore();
  }

  override postStop(): void {
    const sentence = "Cannot go on with a substream as its groupBy must run: it has stopped";
    for (const group of this.#groups.values()) group.source.fail(new EngineError("STREAM_STOPPED", sentence));
    this.#groups.clear();
    this.#cancelled.clear();
  }

  #begin(key: K, first: T): void {
    if (this.#groups.size + this.#cancelled.size >= this.#maxSubstreams) {
      const sentence = `Cannot open a substream as max_substreams must hold every key: it is ${this.#maxSubstreams}`;
      throw new EngineError("BUFFER_FULL", sentence);
    }
    const group: Group<T> = {
      source: new SubSource<T>(this, "groupBy.substream", {
        onPull: () => this.#onGroupPull(group),
        onDownstreamFinish: () => this.#onGroupCancel(key, group),
      }),
      first,
      asks: false,
    };
    this.#groups.set(key, group);
    this.#unbegun += 1;
    if (this.isAvailable(this.out)) this.#announce(group);
    else this.#unannounced = group;
  }

  #announce(group: Group<T>): void {
    this.#unannounced = undefined;
    group.source.expectRun();
    this.push(this.out, group.source.stage);
  }

  #forgetUnannounced(group: Group<T>): void {
    this.#unannounced = undefined;
    this.#unbegun -= 1;
    for (const [key, other] of this.#groups) if (other === group) this.#groups.delete(key);
    group.source.complete();
  }

  #give(group: Group<T>, element: T): void {
    group.asks = false;
    this.#asking -= 1;
    group.source.push(element);
  }

  #onGroupPull(group: Group<T>): void {
    group.asks = true;
    this.#asking += 1;
    if (group.first !== undefined) {
      this.#give(group, group.first);
      group.first = undefined;
      this.#unbegun -= 1;
      this.#completeIfDone();
    } else if (this.#next?.group === group) {
      this.#give(group, this.#next.element);
      this.#next = undefined;
      if (!this.#completeIfDone()) this.#askForMore();
    } else this.#askForMore();
  }

  #onGroupCancel(key: K, group: Group<T>): void {
    this.#groups.delete(key);
    if (!this.#recreates) this.#cancelled.add(key);
    if (group.asks) this.#asking -= 1;
    if (group.first !== undefined) this.#unbegun -= 1;
    if (this.#next?.group === group) this.#next = undefined;
    if (this.#completeIfDone()) return;
    if (this.isClosed(this.out) && this.#groups.size === 0) this.completeStage();
    else this.#askForMore();
  }

  #askForMore(): void {
    if (this.#next !== undefined || this.#unannounced !== undefined) return;
    if (this.isClosed(this.in) || this.hasBeenPulled(this.in)) return;
    if (this.#asking > 0 || this.isClosed(this.out) || this.isAvailable(this.out)) this.pull(this.in);
  }

  #completeIfDone(): boolean {
    if (!this.isClosed(this.in) || this.#next !== undefined || this.#unbegun > 0) return false;
    for (const group of this.#groups.values()) group.source.complete();
    this.completeStage();
    return true;
  }
}
