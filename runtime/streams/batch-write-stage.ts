import { EngineError } from "../errors.ts";
import { GraphStage, GraphStageLogic, Inlet } from "./graph-stage.ts";
import { SinkShape } from "./shape.ts";

/** Where one run of a `BatchWriteStage` writes to. */
export interface BatchWriter<T> {
  /**
   * Brings the elements to rest, or rejects. One call at a time, in order.
   *
   * @returns `closed` when nobody takes anything any more: the stage cancels, as after a `take`.
   */
  write(batch: readonly T[]): Promise<"open" | "closed">;
  /** These will not be written; `error` says why, unless the writer itself is closed. */
  abandon(batch: readonly T[], error: Error | undefined): void;
  /** Called once, after the last write. */
  close(): Promise<void>;
}

/**
 * Writes elements together: those that one turn brought, and those that came while the last write was under way.
 *
 * Emits:         nothing; it is a sink.
 * Backpressures: when `elementsMax` wait for the write under way.
 * Completes:     when upstream completes and everything is written, or the writer says `closed`.
 * Cancels:       when a write fails; what waits is abandoned, and the run fails.
 * State:         at most `elementsMax` elements, and as many in the write under way.
 * Delivery:      up to the writer, which settles what it wrote. When upstream fails, what had arrived is still written.
 */
export class BatchWriteStage<T> extends GraphStage<SinkShape<T>> {
  override readonly name = "batchWrite";
  readonly shape: SinkShape<T>;
  readonly #newWriter: () => BatchWriter<T>;
  readonly #elementsMax: number;

  /** @param newWriter Called once a run. */
  constructor(newWriter: () => BatchWriter<T>, elementsMax = 256) {
    super();
    this.shape = new SinkShape(new Inlet<T>("batchWrite.in"));
    this.#newWriter = newWriter;
    this.#elementsMax = elementsMax;
  }

  override createLogic(): GraphStageLogic {
    return new BatchWriteLogic(this.shape, this.#newWriter(), this.#elementsMax);
  }
}

class BatchWriteLogic<T> extends GraphStageLogic {
  readonly #in: Inlet<T>;
  readonly #writer: BatchWriter<T>;
  readonly #elementsMax: number;
  #waiting: T[] = [];
  /** `soon`: at the end of the turn. */
  #state: "idle" | "soon" | "writing" | "closing" = "idle";
  /** How upstream ended; undefined before. */
  #ended: { readonly error?: Error } | undefined;
  #underWay: Promise<void> | undefined;

  constructor(shape: SinkShape<T>, writer: BatchWriter<T>, elementsMax: number) {
    super(shape);
    this.#in = shape.in;
    this.#writer = writer;
    this.#elementsMax = elementsMax;
    this.setHandler(shape.in, {
      onPush: () => this.#arrived(),
      onUpstreamFinish: () => this.#end({}),
      onUpstreamFailure: (error) => this.#end({ error }),
    });
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.pull(this.#in);
  }

  override postStop(): void {
    if (this.#waiting.length > 0) {
      const sentence = "Cannot write what has arrived as the stream was stopped";
      this.#writer.abandon(this.#waiting, new EngineError("STREAM_STOPPED", sentence, { retryable: true }));
    }
    if (this.#state === "closing") return;
    // Stopped from outside: nobody waits for the writer any more, and its last write has settled its elements itself.
    const close = () => this.#writer.close();
    void (this.#underWay ?? Promise.resolve()).then(close).catch(() => {});
  }

  #arrived(): void {
    this.#waiting.push(this.grab(this.#in));
    if (this.#state === "idle") {
      this.#state = "soon";
      this.clock.soon(this.getAsyncCallback<void>(() => this.#write()));
    }
    if (this.#waiting.length < this.#elementsMax) this.pull(this.#in);
  }

  #end(ended: { readonly error?: Error }): void {
    this.#ended = ended;
    if (this.#state === "idle") this.#close();
  }

  #write(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    this.#state = "writing";
    const written = this.getAsyncCallback<"open" | "closed">((state) => this.#written(state));
    const failed = this.getAsyncCallback<Error>((error) => this.#fail(error));
    this.#underWay = this.#writer.write(batch).then(written, failed);
    if (!this.isClosed(this.#in) && !this.hasBeenPulled(this.#in)) this.pull(this.#in);
  }

  #written(state: "open" | "closed"): void {
    if (state === "closed") {
      this.#writer.abandon(this.#waiting, undefined);
      this.#waiting = [];
      this.cancel(this.#in);
      this.#ended ??= {};
      this.#close();
    } else if (this.#waiting.length > 0) this.#write();
    else if (this.#ended !== undefined) this.#close();
    else this.#state = "idle";
  }

  #fail(error: Error): void {
    this.#writer.abandon(this.#waiting, error);
    this.#waiting = [];
    this.failStage(error);
  }

  #close(): void {
    this.#state = "closing";
    const closed = this.getAsyncCallback<void>(() => {
      if (this.#ended?.error === undefined) this.completeStage();
      else this.failStage(this.#ended.error);
    });
    const failed = this.getAsyncCallback<Error>((error) => this.failStage(error));
    this.#writer.close().then(closed, failed);
  }
}
