import type { TransferListItem } from "node:worker_threads";
import { EngineError } from "../errors.ts";
import { transferablesOf } from "../workers/transfer.ts";
import { fromWire, toWire, type WireError } from "../workers/wire-error.ts";
import { defaultWindowMax as windowMax } from "./boundary.ts";
import { FlowLogic } from "./linear-stage.ts";
import { Ring } from "./ring.ts";
import type { FlowShape } from "./shape.ts";

/** What is asked for again at once. */
const requestSize = windowMax / 2;

/** A way to a thread on which another link answers: messages arrive whole and in order. */
export interface LinkPort {
  postMessage(message: LinkMessage, transfer: readonly TransferListItem[]): void;
  on(event: "message", listener: (message: LinkMessage) => void): unknown;
  off(event: "message", listener: (message: LinkMessage) => void): unknown;
}

export type LinkMessage =
  | { readonly kind: "elements"; readonly elements: readonly unknown[] }
  | { readonly kind: "requested"; readonly count: number }
  | { readonly kind: "completed" }
  | { readonly kind: "failed"; readonly error: WireError }
  | { readonly kind: "cancelled"; readonly error?: WireError }
  /** Something failed there that the elements do not tell, such as a branch of its own. */
  | { readonly kind: "fault"; readonly error: WireError };

/**
 * Hands what comes in to a port, and emits what comes by it: one of these ends a line of stages on either side.
 *
 * Emits:         what the other link takes in, in order.
 * Backpressures: when as many elements are on their way as the other link asked for: 16, then 8 whenever 8 were taken there.
 * Completes:     the outlet when the other link's inlet completed and the last element is emitted; a failure overtakes them.
 * Cancels:       the inlet when the other link's outlet is cancelled.
 * State:         at most 16 elements each way; those of one turn cross as one message.
 * Delivery:      in order, each once, copied except what `move` marks; what is on the way when a thread ends is gone.
 */
export abstract class PortLink<In, Out> extends FlowLogic<In, Out> {
  #port: LinkPort | undefined;
  /** Elements that the other side still wants. */
  #wanted = 0;
  /** Taken in this turn; they cross in the next. */
  #batch: In[] = [];
  readonly #received = new Ring<Out>(windowMax);
  /** Taken from what was received since more was asked for. */
  #taken = 0;
  #upstreamCompleted = false;
  readonly #flush: (ignored: undefined) => void;
  readonly #onMessage: (message: LinkMessage) => void;

  constructor(shape: FlowShape<In, Out>) {
    super(shape);
    this.#flush = this.getAsyncCallback(() => this.#send());
    this.#onMessage = this.getAsyncCallback((message) => this.#receive(message));
  }

  /** The way to the other side; called once. */
  protected abstract open(): LinkPort;

  /** The other side has said all it had to say; elements of it may wait here. */
  protected get otherSideEnded(): boolean {
    return this.isClosed(this.in) && (this.#upstreamCompleted || this.isClosed(this.out));
  }

  override preStart(): void {
    this.#port = this.open();
    this.#port.on("message", this.#onMessage);
    this.#post({ kind: "requested", count: windowMax });
  }

  onPush(): void {
    this.#wanted -= 1;
    if (this.#batch.push(this.grab(this.in)) === 1) this.#flush(undefined);
    if (this.#wanted > 0) this.pull(this.in);
  }

  onUpstreamFinish(): void {
    this.#send();
    this.#post({ kind: "completed" });
  }

  onUpstreamFailure(error: Error): void {
    this.#batch = [];
    this.#post({ kind: "failed", error: toWire(error) });
  }

  override onPull(): void {
    this.#emitNext();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#received.clear();
    this.#sayCancelled(cause);
  }

  override postStop(): void {
    this.#port?.off("message", this.#onMessage);
    const sentence = "Cannot cross to another thread as both sides must run: one was stopped";
    const error = toWire(new EngineError("STREAM_STOPPED", sentence));
    if (!this.isClosed(this.in)) this.#post({ kind: "failed", error });
    if (!this.isClosed(this.out)) this.#post({ kind: "cancelled", error });
  }

  #receive(message: LinkMessage): void {
    switch (message.kind) {
      case "elements":
        for (const element of message.elements) this.#received.push(element as Out);
        if (!this.isClosed(this.out) && this.isAvailable(this.out)) this.#emitNext();
        return;
      case "requested":
        this.#wanted += message.count;
        if (!this.isClosed(this.in) && !this.hasBeenPulled(this.in)) this.pull(this.in);
        return;
      case "completed":
        this.#upstreamCompleted = true;
        if (this.#received.size === 0) this.complete(this.out);
        return;
      case "failed":
        this.#received.clear();
        this.fail(this.out, fromWire(message.error));
        return;
      case "fault":
        this.log.error("A stream failed in another thread", { error: message.error.message });
        return;
      case "cancelled":
        this.#batch = [];
        this.cancel(this.in, message.error === undefined ? undefined : fromWire(message.error));
    }
  }

  #emitNext(): void {
    const element = this.#received.shift();
    if (element === undefined) return;
    this.#taken += 1;
    if (this.#taken === requestSize && !this.#upstreamCompleted) {
      this.#taken = 0;
      this.#post({ kind: "requested", count: requestSize });
    }
    this.push(this.out, element);
    if (this.#upstreamCompleted && this.#received.size === 0) this.complete(this.out);
  }

  #send(): void {
    if (this.#batch.length === 0) return;
    const elements = this.#batch;
    this.#batch = [];
    this.#post({ kind: "elements", elements }, elements.flatMap(transferablesOf));
  }

  #post(message: LinkMessage, transfer: readonly TransferListItem[] = []): void {
    this.#port?.postMessage(message, transfer);
  }

  #sayCancelled(cause: Error | undefined): void {
    this.#post({ kind: "cancelled", ...(cause === undefined ? {} : { error: toWire(cause) }) });
  }
}
