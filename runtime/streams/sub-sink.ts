import { inSeries, type Module } from "./blueprint.ts";
import { EngineError } from "../errors.ts";
import type { Graph, GraphStageLogic } from "./graph-stage.ts";
import { SinkLogic, sinkStage } from "./linear-stage.ts";
import { materialize } from "./materializer.ts";
import type { SinkShape, SourceShape } from "./shape.ts";
import type { Decider } from "./supervised-stage.ts";

/** What a stage does about a stream that it runs itself; called in turns of that stage. */
export interface SubSinkHandler<T> {
  /** The element asked for with `pull`. */
  onPush(element: T): void;
  onUpstreamFinish(): void;
  onUpstreamFailure(error: Error): void;
}

/**
 * An inlet that a running stage adds to itself: the end of a stream which that stage runs, on an island of its own.
 *
 * The stage calls `cancel` of those still open in its `postStop`.
 */
export class SubSink<T> {
  /** Nothing more comes. */
  closed = false;
  #ask: () => void = () => {};
  #cancel: (cause: Error | undefined) => void = () => {};
  readonly #stage: Graph<SinkShape<T>, unknown>;
  readonly #parent: GraphStageLogic<unknown>;

  constructor(parent: GraphStageLogic<unknown>, handler: SubSinkHandler<T>) {
    this.#parent = parent;
    const onPush = parent.getAsyncCallback((element: T) => {
      if (!this.closed) handler.onPush(element);
    });
    const onEnd = parent.getAsyncCallback((error: Error | undefined) => {
      if (this.closed) return;
      this.closed = true;
      if (error === undefined) handler.onUpstreamFinish();
      else handler.onUpstreamFailure(error);
    });
    this.#stage = sinkStage<T>("subSink", (shape) => {
      const logic = new SubSinkLogic(shape, onPush, onEnd);
      this.#ask = logic.ask;
      this.#cancel = logic.end;
      return logic;
    });
  }

  /**
   * Runs the stream that it ends; once.
   *
   * @param decider Of those stages in it that have no nearer one.
   */
  run(source: Graph<SourceShape<T>, unknown>, decider?: Decider): void {
    const supervised: Module =
      decider === undefined ? source.module : { kind: "supervised", inner: source.module, decider };
    const module = inSeries(supervised, this.#stage.module, { inlet: false, outlet: false }, () => undefined);
    // Its failures come in by the handler.
    materialize(module, this.#parent.system, { name: this.#parent.stageName, onFailure: () => {} });
  }

  /** Asks for one element; not again before it has come. */
  pull(): void {
    if (!this.closed) this.#ask();
  }

  cancel(cause?: Error): void {
    if (this.closed) return;
    this.closed = true;
    this.#cancel(cause);
  }
}

class SubSinkLogic<T> extends SinkLogic<T> {
  readonly ask: () => void;
  readonly end: (cause: Error | undefined) => void;
  readonly #onPush: (element: T) => void;
  readonly #onEnd: (error: Error | undefined) => void;
  #ended = false;

  constructor(shape: SinkShape<T>, onPush: (element: T) => void, onEnd: (error: Error | undefined) => void) {
    super(shape);
    this.#onPush = onPush;
    this.#onEnd = onEnd;
    const ask = this.getAsyncCallback(() => this.tryPull(this.in));
    this.ask = () => ask(undefined);
    this.end = this.getAsyncCallback((cause: Error | undefined) => {
      this.#ended = true;
      this.cancel(this.in, cause);
    });
  }

  override preStart(): void {}

  onPush(): void {
    this.#onPush(this.grab(this.in));
  }

  onUpstreamFinish(): void {
    this.#ended = true;
    this.#onEnd(undefined);
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#ended = true;
    this.#onEnd(error);
    this.completeStage();
  }

  override postStop(): void {
    if (this.#ended) return;
    const sentence = "Cannot go on with an inner stream as its actors must run: one was stopped";
    this.#onEnd(new EngineError("STREAM_STOPPED", sentence));
  }
}
