import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import { SinkLogic, SourceLogic, sinkStage, sourceStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { SinkShape, SourceShape } from "../shape.ts";
import { Sink } from "../sink.ts";
import { Source } from "../source.ts";

export const PartitionHub = {
  /**
   * Gives each element to one of the consumers that run its source, whenever they come and go.
   *
   * Emits:         each element to the consumer whose index, in order of their coming, `choose(consumers, element)` gives; a negative
   *                index drops the element. Materialises the source; each run of it is one consumer, and may be in another graph.
   * Backpressures: while there is no consumer, or fewer than `startAfter` at first, or `bufferMax` elements wait in all.
   * Completes:     when upstream completes; consumers after what waits for them, those that come later at once. A failure overtakes.
   * Cancels:       never by itself: consumers only leave.
   * State:         `bufferMax` elements.
   * Delivery:      each to one consumer, in order within it; what waits for one that leaves is dropped. Fails where `choose` throws or
   *                gives no index of a consumer.
   *
   * @param bufferMax At least 1.
   * @see Pekko, `PartitionHub`
   */
  sink<T>(choose: (consumers: number, element: T) => number, startAfter = 1, bufferMax = 256): Sink<T, Source<T>> {
    assert(Number.isInteger(bufferMax) && bufferMax >= 1, "one element waits");
    assert(Number.isInteger(startAfter) && startAfter >= 1, "there is one consumer to choose");
    return Sink.fromStage(
      sinkStage<T, Source<T>>("partitionHub", (shape) => new HubLogic(shape, choose, startAfter, bufferMax)),
    );
  },
} as const;

/** One consumer, as the hub sees it. */
interface Reader<T> {
  readonly held: Ring<T>;
  wake(): void;
}

/** What the hub and its consumers share: they take turns on one thread. */
interface Desk<T> {
  readonly bufferMax: number;
  readonly readers: Reader<T>[];
  end: "open" | "completed" | Error;
  /** A consumer came, left, or took an element. */
  onChange(): void;
}

class HubLogic<T> extends SinkLogic<T, Source<T>> {
  override readonly materialized: Source<T>;
  readonly #choose: (consumers: number, element: T) => number;
  readonly #startAfter: number;
  readonly #desk: Desk<T>;
  #started = false;

  constructor(
    shape: SinkShape<T>,
    choose: (consumers: number, element: T) => number,
    startAfter: number,
    bufferMax: number,
  ) {
    super(shape);
    this.#choose = choose;
    this.#startAfter = startAfter;
    const onChange = this.getAsyncCallback(() => this.#step());
    const desk: Desk<T> = { bufferMax, readers: [], end: "open", onChange: () => onChange(undefined) };
    this.#desk = desk;
    this.materialized = Source.fromStage(
      sourceStage<T>("partitionHub.consumer", (consumer) => new ConsumerLogic(consumer, desk)),
    );
  }

  override preStart(): void {}

  onPush(): void {
    this.#step();
  }

  onUpstreamFinish(): void {
    if (this.isAvailable(this.in)) this.setKeepGoing(true);
    else this.#finish("completed");
  }

  onUpstreamFailure(error: Error): void {
    this.#finish(error);
  }

  override postStop(): void {
    if (this.#desk.end !== "open") return;
    const sentence = "Cannot go on with a consumer as its hub must run: it has stopped";
    this.#tell(new EngineError("STREAM_STOPPED", sentence));
  }

  #step(): void {
    const { readers, bufferMax } = this.#desk;
    if (readers.length >= this.#startAfter) this.#started = true;
    if (!this.#started || readers.length === 0) return;
    if (this.isAvailable(this.in)) this.#give(this.grab(this.in));
    if (this.isClosed(this.in)) {
      if (this.#desk.end === "open") this.#finish("completed");
      return;
    }
    const held = readers.reduce((sum, reader) => sum + reader.held.size, 0);
    if (held < bufferMax && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #give(element: T): void {
    const { readers } = this.#desk;
    const index = this.#choose(readers.length, element);
    if (index < 0) return;
    const reader = readers[index];
    if (reader === undefined) {
      const sentence = `Cannot choose a consumer as it must be one of ${readers.length}, from 0: it is ${index}`;
      throw new EngineError("STAGE_FAILED", sentence);
    }
    reader.held.push(element);
    reader.wake();
  }

  #finish(end: "completed" | Error): void {
    this.#tell(end);
    this.completeStage();
  }

  #tell(end: "completed" | Error): void {
    this.#desk.end = end;
    for (const reader of this.#desk.readers) reader.wake();
  }
}

class ConsumerLogic<T> extends SourceLogic<T> {
  readonly #desk: Desk<T>;
  readonly #reader: Reader<T>;

  constructor(shape: SourceShape<T>, desk: Desk<T>) {
    super(shape);
    this.#desk = desk;
    const step = this.getAsyncCallback(() => this.onPull());
    this.#reader = { held: new Ring<T>(desk.bufferMax), wake: () => step(undefined) };
  }

  override preStart(): void {
    if (this.#desk.end === "open") {
      this.#desk.readers.push(this.#reader);
      this.#desk.onChange();
    } else this.onPull();
  }

  onPull(): void {
    const { end } = this.#desk;
    if (end instanceof Error) {
      this.failStage(end);
      return;
    }
    if (this.isAvailable(this.out)) {
      const element = this.#reader.held.shift();
      if (element !== undefined) {
        this.push(this.out, element);
        this.#desk.onChange();
      }
    }
    if (end === "completed" && this.#reader.held.size === 0) this.completeStage();
  }

  override postStop(): void {
    const index = this.#desk.readers.indexOf(this.#reader);
    if (index >= 0) this.#desk.readers.splice(index, 1);
    this.#reader.held.clear();
    this.#desk.onChange();
  }
}
