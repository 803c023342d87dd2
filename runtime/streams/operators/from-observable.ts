import { type Observable, Subject, takeUntil } from "rxjs";
import type { GraphStage } from "../graph-stage.ts";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";
import { NotificationBuffer, type NotificationOverflow, notifiedError } from "./notification-buffer.ts";

export interface ObservableBuffer {
  /** Elements that wait for demand at most; at least 1. */
  readonly bufferMax: number;
  /** What a full buffer drops: the oldest, the youngest held, or the new one; or it fails with `BUFFER_FULL`. */
  readonly overflow: NotificationOverflow;
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
  return sourceStage<T>("fromObservable", (shape) => new FromObservableLogic(shape, observable, settings));
}

class FromObservableLogic<T> extends SourceLogic<T> {
  readonly #observable: Observable<T>;
  readonly #held: NotificationBuffer<T>;
  readonly #wake: (nothing: undefined) => void;
  readonly #fail: (error: Error) => void;
  #waking = false;
  #ended = false;
  #completed = false;
  /** Ends it, also while it is being subscribed. */
  readonly #stopped = new Subject<void>();

  constructor(shape: SourceShape<T>, observable: Observable<T>, settings: ObservableBuffer) {
    super(shape);
    this.#observable = observable;
    this.#held = new NotificationBuffer(settings.bufferMax, settings.overflow);
    this.#wake = this.getAsyncCallback(() => {
      this.#waking = false;
      this.#step();
    });
    this.#fail = this.getAsyncCallback((error: Error) => this.failStage(error));
  }

  override preStart(): void {
    this.#observable.pipe(takeUntil(this.#stopped)).subscribe({
      next: (element) => this.#hold(element),
      error: (error: unknown) => this.#fail(notifiedError(error)),
      complete: () => {
        // Or it was ended here.
        if (this.#ended) return;
        this.#completed = true;
        this.#wakeOnce();
      },
    });
  }

  onPull(): void {
    this.#step();
  }

  override postStop(): void {
    this.#end();
    this.#held.clear();
  }

  #hold(element: T): void {
    const overflow = this.#held.hold(element);
    if (overflow === undefined) this.#wakeOnce();
    else {
      this.#end();
      this.#fail(overflow);
    }
  }

  #end(): void {
    this.#ended = true;
    this.#stopped.next();
  }

  #wakeOnce(): void {
    if (this.#waking) return;
    this.#waking = true;
    this.#wake(undefined);
  }

  #step(): void {
    if (this.#held.size > 0 && this.isAvailable(this.out)) this.push(this.out, this.#held.shift());
    if (this.#completed && this.#held.size === 0) this.completeStage();
  }
}
