import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, SourceLogic, sinkStage, sourceStage } from "../linear-stage.ts";
import { Ring } from "../ring.ts";
import type { SinkShape, SourceShape } from "../shape.ts";
import { Sink } from "../sink.ts";
import { Source } from "../source.ts";

/** Lets a hub come to its end. */
export interface DrainingControl {
  /** Takes no further producer, and completes once those there are have completed; at once where there is none. */
  drainAndComplete(): void;
}

export const MergeHub = {
  /**
   * Joins the elements of every producer that runs into its sink, whenever they come and go.
   *
   * Emits:         the elements of all producers; those that have one take turns. Materialises the sink; each run of it is one
   *                producer, and may be in another graph.
   * Backpressures: a producer of which `perProducerBufferMax` elements wait.
   * Completes:     never by itself; see `sourceWithDraining`.
   * Cancels:       every producer when downstream cancels; those that come later at once.
   * State:         `perProducerBufferMax` elements a producer.
   * Delivery:      each once, in order within a producer; a producer that fails only leaves, after what waits of it.
   *
   * @param perProducerBufferMax At least 1.
   * @see Pekko, `MergeHub`
   */
  source<T>(perProducerBufferMax = 16): Source<T, Sink<T>> {
    return MergeHub.sourceWithDraining<T>(perProducerBufferMax).mapMaterializedValue(([sink]) => sink);
  },

  /** As `source`, with a control that lets it complete. {@link MergeHub.source} */
  sourceWithDraining<T>(perProducerBufferMax = 16): Source<T, readonly [Sink<T>, DrainingControl]> {
    assert(Number.isInteger(perProducerBufferMax) && perProducerBufferMax >= 1, "one element of a producer waits");
    return Source.fromStage(hub<T>(perProducerBufferMax));
  },
} as const;

function hub<T>(bufferMax: number): GraphStage<SourceShape<T>, readonly [Sink<T>, DrainingControl]> {
  return sourceStage<T, readonly [Sink<T>, DrainingControl]>("mergeHub", (shape) => new HubLogic(shape, bufferMax));
}

/** One producer, as the hub sees it. */
interface Producer<T> {
  readonly held: Ring<T>;
  /** No element follows. */
  ended: boolean;
  onRoom(): void;
  /** The hub wants no more. */
  onClosed(cause: Error | undefined): void;
}

/** The hub, as a producer sees it: they take turns on one thread. */
interface Desk<T> {
  readonly bufferMax: number;
  /** "open" where producers may come. */
  state: "open" | "draining" | "closed";
  cause: Error | undefined;
  readonly producers: Set<Producer<T>>;
  onChange(): void;
}

class HubLogic<T> extends SourceLogic<T, readonly [Sink<T>, DrainingControl]> {
  override readonly materialized: readonly [Sink<T>, DrainingControl];
  readonly #desk: Desk<T>;

  constructor(shape: SourceShape<T>, bufferMax: number) {
    super(shape);
    let waking = false;
    const step = this.getAsyncCallback(() => {
      waking = false;
      this.onPull();
    });
    const desk: Desk<T> = {
      bufferMax,
      state: "open",
      cause: undefined,
      producers: new Set(),
      onChange: () => {
        if (waking) return;
        waking = true;
        step(undefined);
      },
    };
    this.#desk = desk;
    const sink = Sink.fromStage(sinkStage<T>("mergeHub.producer", (producer) => new ProducerLogic(producer, desk)));
    const drainAndComplete = () => {
      if (desk.state === "open") desk.state = "draining";
      desk.onChange();
    };
    this.materialized = [sink, { drainAndComplete }];
  }

  onPull(): void {
    const { producers } = this.#desk;
    for (const producer of producers) {
      if (!this.isAvailable(this.out)) break;
      const element = producer.held.shift();
      if (element !== undefined) {
        this.push(this.out, element);
        // To the end of the round.
        producers.delete(producer);
        producers.add(producer);
        producer.onRoom();
      }
    }
    for (const producer of producers) if (producer.ended && producer.held.size === 0) producers.delete(producer);
    if (this.#desk.state === "draining" && producers.size === 0) this.completeStage();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#close(cause);
    this.cancelStage(cause);
  }

  override postStop(): void {
    const sentence = "Cannot go on with a producer as its hub must run: it was stopped";
    this.#close(this.#desk.state === "draining" ? undefined : new EngineError("STREAM_STOPPED", sentence));
  }

  #close(cause: Error | undefined): void {
    if (this.#desk.state === "closed") return;
    this.#desk.state = "closed";
    this.#desk.cause = cause;
    for (const producer of this.#desk.producers) producer.onClosed(cause);
    this.#desk.producers.clear();
  }
}

class ProducerLogic<T> extends SinkLogic<T> {
  readonly #desk: Desk<T>;
  readonly #producer: Producer<T>;

  constructor(shape: SinkShape<T>, desk: Desk<T>) {
    super(shape);
    this.#desk = desk;
    const onRoom = this.getAsyncCallback(() => this.#askForMore());
    this.#producer = {
      held: new Ring<T>(desk.bufferMax),
      ended: false,
      onRoom: () => onRoom(undefined),
      onClosed: this.getAsyncCallback((cause: Error | undefined) => this.cancel(this.in, cause)),
    };
  }

  override preStart(): void {
    if (this.#desk.state !== "open") {
      this.cancel(this.in, this.#desk.cause);
      return;
    }
    this.#desk.producers.add(this.#producer);
    this.pull(this.in);
  }

  onPush(): void {
    this.#producer.held.push(this.grab(this.in));
    this.#desk.onChange();
    this.#askForMore();
  }

  override postStop(): void {
    this.#producer.ended = true;
    this.#desk.onChange();
  }

  #askForMore(): void {
    if (!this.#producer.held.full && !this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
  }
}
