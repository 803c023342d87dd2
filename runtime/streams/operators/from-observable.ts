import assert from "node:assert/strict";
import type { Observable, Subscription } from "rxjs";
import { EngineError, sentenceOf } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { SourceShape } from "../shape.ts";

export interface ObservableBuffer {
  /** Elements that wait for demand at most; at least 1. */
  readonly bufferMax: number;
  /** What a full buffer drops: the oldest, the youngest held, or the new one; or it fails with `BUFFER_FULL`. */
  readonly overflow: "dropHead" | "dropTail" | "dropNew" | "fail";
}

/**
 * Subscribes to an Observable, which knows no demand.
 *
 * Emits:         what it notifies, in order, as far as the buffer holds it.
 * Backpressures: never towards the Observable: a full buffer overflows as `overflow` says.
 * Completes:     when it completed and the buffer is empty; its error overtakes the buffer.
 * Cancels:       it has no upstream; when downstream cancels, it unsubscribes.
 * State:         up to `bufferMax` elements.
 * Delivery:      at most once.
 */
export function fromObservable<T>(observable: Observable<T>, settings: ObservableBuffer): GraphStage<SourceShape<T>> {
  assert(Number.isInteger(settings.bufferMax) && settings.bufferMax >= 1, "a buffer holds at least one element");
  return sourceStage<T>("fromObservable", (shape) => new FromObservableLogic(shape, observable, settings));
}

class FromObservableLogic<T> extends SourceLogic<T> {
  readonly #observable: Observable<T>;
  readonly #overflow: ObservableBuffer["overflow"];
  readonly #ring: Ring<T>;
  readonly #wake: (nothing: undefined) => void;
  readonly #fail: (error: Error) => void;
  #waking = false;
  #completed = false;
  #subscription: Subscription | undefined;

  constructor(shape: SourceShape<T>, observable: Observable<T>, settings: ObservableBuffer) {
    super(shape);
    this.#observable = observable;
    this.#overflow = settings.overflow;
    this.#ring = new Ring(settings.bufferMax);
    this.#wake = this.getAsyncCallback(() => {
      this.#waking = false;
      this.#step();
    });
    this.#fail = this.getAsyncCallback((error: Error) => this.failStage(error));
  }

  override preStart(): void {
    this.#subscription = this.#observable.subscribe({
      next: (element) => this.#hold(element),
      error: (error: unknown) => this.#fail(errorOf(error)),
      complete: () => {
        this.#completed = true;
        this.#wakeOnce();
      },
    });
  }

  onPull(): void {
    this.#step();
  }

  override postStop(): void {
    this.#subscription?.unsubscribe();
    this.#ring.clear();
  }

  #hold(element: T): void {
    if (this.#ring.full) {
      if (this.#overflow === "dropNew") return;
      if (this.#overflow === "fail") {
        const sentence = `Cannot buffer a notification as buffer_max must hold them: it is ${this.#ring.capacity}`;
        this.#subscription?.unsubscribe();
        this.#fail(new EngineError("BUFFER_FULL", sentence));
        return;
      }
      if (this.#overflow === "dropHead") this.#ring.shift();
      else this.#ring.pop();
    }
    this.#ring.push(element);
    this.#wakeOnce();
  }

  #wakeOnce(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#wake(undefined);
  }

  #step(): void {
    if (this.#ring.size > 0 && this.isAvailable(this.out)) this.push(this.out, this.#ring.shift() as T);
    if (this.#completed && this.#ring.size === 0) this.completeStage();
  }
}

function errorOf(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const sentence = `Cannot read an Observable as it must fail with an error: it is ${sentenceOf(thrown)}`;
  return new EngineError("STAGE_FAILED", sentence, { cause: thrown });
}
