import type { Timer } from "../clock/clock.ts";
import { EngineError } from "../errors.ts";
import { inSeries } from "./blueprint.ts";
import type { Graph, GraphStage, GraphStageLogic } from "./graph-stage.ts";
import { SourceLogic, sourceStage } from "./linear-stage.ts";
import { materialize } from "./materializer.ts";
import type { SinkShape, SourceShape } from "./shape.ts";

/** How long a substream waits until someone runs it. */
export const subscriptionTimeoutMs = 5_000;

/** What a stage does about a stream that it feeds; called in turns of that stage. */
export interface SubSourceHandler {
  /** One element may be pushed. */
  onPull(): void;
  /** Nothing more is wanted. */
  onDownstreamFinish(cause: Error | undefined): void;
}

/**
 * An outlet that a running stage adds to itself: the beginning of a stream that others run, once.
 *
 * The stage completes or fails those still open in its `postStop`.
 */
export class SubSource<T> {
  /** For whoever runs it. */
  readonly stage: GraphStage<SourceShape<T>>;
  /** One element may be pushed. */
  available = false;
  /** Nothing more goes. */
  closed = false;
  readonly #parent: GraphStageLogic<unknown>;
  readonly #onCancel: (cause: Error | undefined) => void;
  #logic: SubSourceLogic<T> | undefined;
  #end: "open" | "completed" | Error = "open";
  #timer: Timer | undefined;

  constructor(parent: GraphStageLogic<unknown>, name: string, handler: SubSourceHandler) {
    this.#parent = parent;
    const onPull = parent.getAsyncCallback(() => {
      if (this.closed) return;
      this.available = true;
      handler.onPull();
    });
    this.#onCancel = parent.getAsyncCallback((cause: Error | undefined) => {
      if (this.closed) return;
      this.#close();
      handler.onDownstreamFinish(cause);
    });
    this.stage = sourceStage<T>(name, (shape) => {
      if (this.#logic !== undefined) {
        throw new EngineError("STAGE_FAILED", `Cannot run a substream as each runs once: it is "${name}" again`);
      }
      this.#timer?.cancel();
      const wake = () => onPull(undefined);
      this.#logic = new SubSourceLogic(shape, this.#end, wake, this.#onCancel);
      return this.#logic;
    });
  }

  /** From now on someone must run it within 5 s, else it counts as cancelled. */
  expectRun(): void {
    if (this.#logic !== undefined || this.closed) return;
    this.#timer = this.#parent.clock.after(subscriptionTimeoutMs, () => {
      const sentence = `Cannot run a substream as it must begin within ${subscriptionTimeoutMs} ms: it is too late`;
      this.#end = new EngineError("STREAM_STOPPED", sentence);
      this.#onCancel(this.#end);
    });
  }

  /** Runs it into a sink, instead of handing it to others. */
  run(sink: Graph<SinkShape<T>, unknown>): void {
    const module = inSeries(this.stage.module, sink.module, { inlet: false, outlet: false }, () => undefined);
    // Its failures come in by the handler, as a cancellation.
    materialize(module, this.#parent.system, { name: this.#parent.stageName, onFailure: () => {} });
  }

  /** Only where `available`. */
  push(element: T): void {
    this.available = false;
    this.#logic?.send(element);
  }

  complete(): void {
    if (this.closed) return;
    this.#close();
    this.#end = "completed";
    this.#logic?.end(this.#end);
  }

  fail(error: Error): void {
    if (this.closed) return;
    this.#close();
    this.#end = error;
    this.#logic?.end(this.#end);
  }

  #close(): void {
    this.closed = true;
    this.available = false;
    this.#timer?.cancel();
  }
}

class SubSourceLogic<T> extends SourceLogic<T> {
  readonly send: (element: T) => void;
  readonly end: (how: "completed" | Error) => void;
  readonly #before: "open" | "completed" | Error;
  readonly #wake: () => void;
  readonly #onCancel: (cause: Error | undefined) => void;
  #ended = false;

  constructor(
    shape: SourceShape<T>,
    before: "open" | "completed" | Error,
    wake: () => void,
    onCancel: (cause: Error | undefined) => void,
  ) {
    super(shape);
    this.#before = before;
    this.#wake = wake;
    this.#onCancel = onCancel;
    this.send = this.getAsyncCallback((element: T) => this.push(this.out, element));
    this.end = this.getAsyncCallback((how: "completed" | Error) => this.#finish(how));
  }

  override preStart(): void {
    if (this.#before !== "open") this.#finish(this.#before);
  }

  onPull(): void {
    this.#wake();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#ended = true;
    this.#onCancel(cause);
    this.cancelStage();
  }

  override postStop(): void {
    if (this.#ended) return;
    const sentence = "Cannot go on with a substream as its actors must run: one was stopped";
    this.#onCancel(new EngineError("STREAM_STOPPED", sentence));
  }

  #finish(how: "completed" | Error): void {
    this.#ended = true;
    if (how === "completed") this.completeStage();
    else this.failStage(how);
  }
}
