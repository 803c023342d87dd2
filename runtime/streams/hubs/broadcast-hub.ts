import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import { SinkLogic, SourceLogic, sinkStage, sourceStage } from "../linear-stage.ts";
import type { SinkShape, SourceShape } from "../shape.ts";
import { Sink } from "../sink.ts";
import { Source } from "../source.ts";

export const BroadcastHub = {
  /**
   * Gives each element to every consumer that runs its source, whenever they come and go.
   *
   * Emits:         each element to each consumer of the moment. Materialises the source; each run of it is one consumer, and may be in
   *                another graph.
   * Backpressures: when the slowest consumer is `bufferMax` elements behind; while there is no consumer, after `bufferMax` elements,
   *                which the next one gets; until there are `startAfter` consumers, when the buffer is full.
   * Completes:     when upstream completes; consumers after what they have not seen, those that come later at once. A failure
   *                overtakes.
   * Cancels:       never by itself: consumers only leave.
   * State:         `bufferMax` elements, shared by all consumers.
   * Delivery:      in order; a consumer gets what comes after it has begun, the first one also what waits.
   *
   * @param bufferMax A power of two below 4096.
   * @param startAfter Consumers that there must be before the first element goes.
   * @see Pekko, `BroadcastHub`
   */
  sink<T>(bufferMax = 256, startAfter = 0): Sink<T, Source<T>> {
    const powerOfTwo = Number.isInteger(bufferMax) && bufferMax >= 1 && (bufferMax & (bufferMax - 1)) === 0;
    assert(powerOfTwo && bufferMax < 4096, "the buffer of a hub is a power of two below 4096");
    return Sink.fromStage(
      sinkStage<T, Source<T>>("broadcastHub", (shape) => new HubLogic(shape, new Board<T>(bufferMax), startAfter)),
    );
  },
} as const;

/** One consumer, as the hub sees it. */
interface Reader {
  /** Elements that it has passed, counted from the start. */
  position: number;
  wake(): void;
}

/** What the hub and its consumers share: they take turns on one thread. */
class Board<T> {
  readonly bufferMax: number;
  readonly readers = new Set<Reader>();
  readonly #slots: (T | undefined)[] = [];
  written = 0;
  /** Elements gone from the buffer. */
  passed = 0;
  end: "open" | "completed" | Error = "open";
  onChange: () => void = () => {};

  constructor(bufferMax: number) {
    this.bufferMax = bufferMax;
  }

  get full(): boolean {
    return this.written - this.passed === this.bufferMax;
  }

  write(element: T): void {
    this.#slots[this.written % this.bufferMax] = element;
    this.written += 1;
    this.wakeAll();
  }

  read(position: number): T {
    return this.#slots[position % this.bufferMax] as T;
  }

  /** Forgets what every reader has passed. Without a reader everything waits for the next. */
  sweep(): void {
    if (this.readers.size === 0) return;
    let slowest = this.written;
    for (const reader of this.readers) slowest = Math.min(slowest, reader.position);
    const wasFull = this.full;
    for (; this.passed < slowest; this.passed += 1) this.#slots[this.passed % this.bufferMax] = undefined;
    if (wasFull && !this.full) this.onChange();
  }

  wakeAll(): void {
    for (const reader of this.readers) reader.wake();
  }
}

class HubLogic<T> extends SinkLogic<T, Source<T>> {
  override readonly materialized: Source<T>;
  readonly #board: Board<T>;

  constructor(shape: SinkShape<T>, board: Board<T>, startAfter: number) {
    super(shape);
    this.#board = board;
    let started = startAfter === 0;
    const onChange = this.getAsyncCallback(() => {
      if (!board.full && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
    });
    board.onChange = () => onChange(undefined);
    const mayRead = () => {
      if (!started && board.readers.size >= startAfter) {
        started = true;
        board.wakeAll();
      }
      return started;
    };
    this.materialized = Source.fromStage(
      sourceStage<T>("broadcastHub.consumer", (consumer) => new ConsumerLogic(consumer, board, mayRead)),
    );
  }

  onPush(): void {
    this.#board.write(this.grab(this.in));
    if (!this.#board.full) this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#finish("completed");
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#finish(error);
    this.completeStage();
  }

  override postStop(): void {
    if (this.#board.end !== "open") return;
    const sentence = "Cannot go on with a consumer as its hub must run: it was stopped";
    this.#finish(new EngineError("STREAM_STOPPED", sentence));
  }

  #finish(end: "completed" | Error): void {
    this.#board.end = end;
    this.#board.wakeAll();
  }
}

class ConsumerLogic<T> extends SourceLogic<T> {
  readonly #board: Board<T>;
  readonly #mayRead: () => boolean;
  readonly #reader: Reader;

  constructor(shape: SourceShape<T>, board: Board<T>, mayRead: () => boolean) {
    super(shape);
    this.#board = board;
    this.#mayRead = mayRead;
    let waking = false;
    const step = this.getAsyncCallback(() => {
      waking = false;
      this.onPull();
    });
    this.#reader = {
      position: 0,
      wake: () => {
        if (waking) return;
        waking = true;
        step(undefined);
      },
    };
  }

  override preStart(): void {
    const board = this.#board;
    if (board.end !== "open") {
      this.#finish();
      return;
    }
    // The first one takes what has waited for it.
    this.#reader.position = board.readers.size === 0 ? board.passed : board.written;
    board.readers.add(this.#reader);
    this.#mayRead();
  }

  onPull(): void {
    const { end } = this.#board;
    if (end instanceof Error) this.failStage(end);
    else if (this.#reader.position < this.#board.written) {
      if (!this.isAvailable(this.out) || !this.#mayRead()) return;
      this.push(this.out, this.#board.read(this.#reader.position));
      this.#reader.position += 1;
      this.#board.sweep();
      if (end === "completed" && this.#reader.position === this.#board.written) this.completeStage();
    } else if (end === "completed") this.completeStage();
  }

  override postStop(): void {
    // What it alone had not passed goes with it, save what the last one leaves to the next.
    if (this.#board.readers.size > 1) {
      this.#board.readers.delete(this.#reader);
      this.#board.sweep();
      return;
    }
    this.#board.sweep();
    this.#board.readers.delete(this.#reader);
  }

  #finish(): void {
    if (this.#board.end instanceof Error) this.failStage(this.#board.end);
    else this.completeStage();
  }
}
