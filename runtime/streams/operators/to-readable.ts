import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";

/**
 * Gives its elements to a stream of Node, in object mode.
 *
 * Emits:         nothing. Materialises the `Readable`.
 * Backpressures: when the stream holds `bufferMax` elements.
 * Completes:     when upstream completes; the stream ends after what it holds. A failure overtakes that, as the stream's "error":
 *                whoever takes the stream listens for it.
 * Cancels:       when the stream is destroyed.
 * State:         up to `bufferMax` elements.
 * Delivery:      each element once, in order.
 *
 * @param bufferMax At least 1.
 */
export function toReadable<T>(bufferMax: number): GraphStage<SinkShape<T>, Readable> {
  assert(Number.isInteger(bufferMax) && bufferMax >= 1, "a stream holds at least one element");
  return sinkStage<T, Readable>("toReadable", (shape) => new ToReadableLogic(shape, bufferMax));
}

class ToReadableLogic<T> extends SinkLogic<T, Readable> {
  override readonly materialized: Readable;
  #ended = false;

  constructor(shape: SinkShape<T>, bufferMax: number) {
    super(shape);
    const ask = this.getAsyncCallback(() => {
      if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
    });
    const onDestroyed = this.getAsyncCallback((error: Error | undefined) => {
      this.#ended = true;
      this.cancel(this.in, error);
    });
    this.materialized = new Readable({
      objectMode: true,
      highWaterMark: bufferMax,
      read: () => ask(undefined),
      destroy: (error, done) => {
        onDestroyed(error ?? undefined);
        done(error);
      },
    });
  }

  override preStart(): void {}

  onPush(): void {
    if (this.materialized.push(this.grab(this.in))) this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#ended = true;
    this.materialized.push(null);
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#ended = true;
    this.materialized.destroy(error);
    this.completeStage();
  }

  override postStop(): void {
    if (this.#ended) return;
    const sentence = "Cannot read the stream as its run must go on: it was stopped";
    this.materialized.destroy(new EngineError("STREAM_STOPPED", sentence));
  }
}
