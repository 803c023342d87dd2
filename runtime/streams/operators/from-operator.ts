import assert from "node:assert/strict";
import { defer, NEVER, type Observable, type OperatorFunction, Subject, takeUntil } from "rxjs";
import type { Attributes, GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { SupervisedLogic } from "../supervised-stage.ts";
import { NotificationBuffer, type NotificationOverflow, notifiedError } from "./notification-buffer.ts";

export interface OperatorSettings {
  /** Elements given by the operator that wait for demand at most; at least 1. Default 1,024. */
  readonly bufferMax?: number;
  /** What a full buffer drops: the oldest, the youngest held, or the new one; or it fails with `BUFFER_FULL`. Default "fail". */
  readonly overflow?: NotificationOverflow;
  /**
   * Elements handed to the operator beyond those it gave, at most: for one that answers each element with one, later. One that
   * answers with fewer comes to a standstill. Default: no limit, for operators that answer within the call.
   */
  readonly inFlightMax?: number;
}

/**
 * Runs an operator of RxJS inside the stream.
 *
 * Emits:         what the operator notifies, in order, as far as the buffer holds it.
 * Backpressures: when downstream does: the operator is handed an element only while downstream waits and none is held; and when
 *                `inFlightMax` are in it.
 * Completes:     when the operator completed and the buffer is empty. It hears of upstream's end, and may emit still.
 * Cancels:       when downstream cancels, and when the operator completes by itself; the operator is unsubscribed.
 * State:         up to `bufferMax` elements, for an operator that gives many for one; a full buffer overflows as `overflow` says.
 *                What is inside the operator is its own.
 * Delivery:      that of the operator. An error of it goes to the decider: resume and restart both drop the element, and the operator
 *                begins anew with the next. A failure of upstream is handed to it and fails the stage unless it catches it; whoever
 *                subscribes again after the end of upstream, as `retry` does, hears nothing, and the stage ends as upstream did.
 */
export function fromOperator<In, Out>(
  operator: OperatorFunction<In, Out>,
  settings: OperatorSettings = {},
): GraphStage<FlowShape<In, Out>> {
  const { bufferMax = 1_024, overflow = "fail", inFlightMax = Number.POSITIVE_INFINITY } = settings;
  assert(inFlightMax >= 1, "at least one element is in flight");
  return flowStage<In, Out>("fromOperator", (shape, attributes) => {
    const held = new NotificationBuffer<Out>(bufferMax, overflow);
    return new FromOperatorLogic(shape, attributes, operator, held, inFlightMax);
  });
}

/** One subscription of the operator, from the first element until it ends. */
interface Pipeline<In> {
  readonly input: Subject<In>;
  /** Ends it, also while it is being subscribed. */
  readonly stopped: Subject<void>;
}

class FromOperatorLogic<In, Out> extends SupervisedLogic<In, Out> {
  readonly #operator: OperatorFunction<In, Out>;
  readonly #held: NotificationBuffer<Out>;
  readonly #inFlightMax: number;
  readonly #wake: (nothing: undefined) => void;
  #waking = false;
  /** A call of the operator runs inside a handler, which looks afterwards at what came of it. */
  #calling = false;
  #pipeline: Pipeline<In> | undefined;
  #upstreamEnd: "open" | "completed" | Error = "open";
  #inFlight = 0;
  /** The operator failed, and nobody has looked at it. */
  #failure: { readonly error: Error } | undefined;
  /** No notification follows. */
  #done = false;

  constructor(
    shape: FlowShape<In, Out>,
    attributes: Attributes,
    operator: OperatorFunction<In, Out>,
    held: NotificationBuffer<Out>,
    inFlightMax: number,
  ) {
    super(shape, attributes);
    this.#operator = operator;
    this.#held = held;
    this.#inFlightMax = inFlightMax;
    this.#wake = this.getAsyncCallback(() => {
      this.#waking = false;
      this.#step();
    });
  }

  /** An operator may have something to say before the first element. */
  override preStart(): void {
    this.#call(() => this.#begin());
  }

  onPush(): void {
    const element = this.grab(this.in);
    this.#call(() => {
      if (this.#pipeline === undefined) this.#begin();
      this.#inFlight += 1;
      this.#pipeline?.input.next(element);
    });
  }

  override onPull(): void {
    this.#step();
  }

  onUpstreamFinish(): void {
    this.#upstreamEnd = "completed";
    if (this.#pipeline === undefined) this.#done = true;
    this.#call(() => this.#pipeline?.input.complete());
  }

  onUpstreamFailure(error: Error): void {
    this.#upstreamEnd = error;
    if (this.#pipeline === undefined) this.failStage(error);
    else this.#call(() => this.#pipeline?.input.error(error));
  }

  override postStop(): void {
    this.#end();
    this.#held.clear();
  }

  #begin(): void {
    const pipeline = { input: new Subject<In>(), stopped: new Subject<void>() };
    this.#pipeline = pipeline;
    this.#inFlight = 0;
    const source = defer((): Observable<In> => {
      if (this.#upstreamEnd === "open") return pipeline.input;
      if (this.#upstreamEnd === "completed") this.#onDone();
      else this.#onFailure(this.#upstreamEnd);
      return NEVER;
    });
    source.pipe(this.#operator, takeUntil(pipeline.stopped)).subscribe({
      next: (element) => this.#onNotification(element),
      error: (thrown: unknown) => this.#onFailure(notifiedError(thrown)),
      complete: () => {
        // Or it was stopped.
        if (this.#pipeline === pipeline) this.#onDone();
      },
    });
  }

  #end(): void {
    const pipeline = this.#pipeline;
    this.#pipeline = undefined;
    pipeline?.stopped.next();
  }

  #call(run: () => void): void {
    this.#calling = true;
    try {
      run();
    } catch (thrown) {
      this.#onFailure(notifiedError(thrown));
    } finally {
      this.#calling = false;
    }
    this.#step();
  }

  #onNotification(element: Out): void {
    this.#inFlight = Math.max(0, this.#inFlight - 1);
    const overflow = this.#held.hold(element);
    if (overflow !== undefined) this.#onFailure(overflow);
    else this.#notice();
  }

  #onFailure(error: Error): void {
    this.#failure ??= { error };
    this.#end();
    this.#notice();
  }

  #onDone(): void {
    this.#done = true;
    this.#end();
    this.#notice();
  }

  #notice(): void {
    if (this.#calling || this.#waking) return;
    this.#waking = true;
    this.#wake(undefined);
  }

  #step(): void {
    if (this.#failure !== undefined) this.#handle(this.#failure.error);
    if (this.#held.size > 0 && this.isAvailable(this.out)) this.push(this.out, this.#held.shift());
    if (!this.#done) this.#askForMore();
    else if (this.#held.size === 0) this.completeStage();
    else if (!this.isClosed(this.in)) this.cancel(this.in);
  }

  /** Throws where the stage must fail. */
  #handle(error: Error): void {
    this.#failure = undefined;
    if (this.#upstreamEnd instanceof Error) throw error;
    this.decide(error);
    if (this.#upstreamEnd === "completed") this.#done = true;
  }

  #askForMore(): void {
    if (this.#held.size > 0 || this.#inFlight >= this.#inFlightMax || !this.isAvailable(this.out)) return;
    this.pullUnlessPulled();
  }
}
