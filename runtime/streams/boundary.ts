import { EngineError } from "../errors.ts";
import { GraphStageLogic, Inlet, Outlet } from "./graph-stage.ts";
import { SinkShape, SourceShape } from "./shape.ts";

/** Elements that may be on their way across a boundary, where nobody says. */
export const defaultWindowMax = 16;

/**
 * Carries elements from one island to another. Both write to it directly, as they share a thread and each turn ends before the
 * next begins; only the notices between them go through their queues.
 */
class Channel {
  readonly windowMax: number;
  /** What is asked for again at once: half the window, so that most elements cross without a message back. */
  readonly requestSize: number;
  readonly slots: unknown[];
  /** Counts from the start: elements put in, made known, taken out, and asked for. read <= published <= written <= requested. */
  written = 0;
  published = 0;
  read = 0;
  requested = 0;
  /** Upstream's end: "open" until then. */
  end: "open" | "completed" | Error = "open";
  /** Downstream's end. */
  cancelled = false;
  cause: Error | undefined;
  /** How each end learns that the other has done something; set once both are made. */
  notifyDownstream: () => void = () => {};
  notifyUpstream: () => void = () => {};

  constructor(windowMax: number) {
    this.windowMax = windowMax;
    this.requestSize = Math.max(1, windowMax >> 1);
    this.slots = new Array(windowMax).fill(undefined);
  }

  clear(): void {
    this.slots.fill(undefined);
  }
}

export interface Boundary {
  /** Ends the upstream island. */
  readonly output: OutputBoundary;
  /** Begins the downstream island. */
  readonly input: InputBoundary;
}

/**
 * @param windowMax Elements on their way at most; at least 1.
 * @param onWritten Upstream holds unpublished elements: call `output.flush` once its island has no event left.
 */
export function boundary(windowMax: number, onWritten: (output: OutputBoundary) => void): Boundary {
  const channel = new Channel(windowMax);
  return { output: new OutputBoundary(channel, onWritten), input: new InputBoundary(channel) };
}

/**
 * The upstream end of a boundary between islands.
 *
 * Emits:         nothing; what it takes waits in the channel until the island parks, then crosses as one batch.
 * Backpressures: when as many elements are on their way as downstream asked for, `windowMax` at most.
 * Completes:     when upstream completes, after the last element; a failure overtakes the elements.
 * Cancels:       when the downstream island cancels.
 * State:         `windowMax` slots, shared with the other end.
 * Delivery:      in order, each once; what is in the channel when either island ends is gone.
 */
export class OutputBoundary extends GraphStageLogic {
  readonly #in: Inlet<unknown>;
  readonly #channel: Channel;
  readonly #onWritten: (output: OutputBoundary) => void;

  constructor(channel: Channel, onWritten: (output: OutputBoundary) => void) {
    const inlet = new Inlet<unknown>("boundary.in");
    super(new SinkShape(inlet));
    this.#in = inlet;
    this.#channel = channel;
    this.#onWritten = onWritten;
    channel.notifyUpstream = coalesced(this, () => this.#onNotice());
    this.setHandler(inlet, this);
  }

  override preStart(): void {
    this.#onNotice();
  }

  /** Downstream wants no more so far. */
  get full(): boolean {
    return this.#channel.written === this.#channel.requested;
  }

  onPush(): void {
    const channel = this.#channel;
    channel.slots[channel.written % channel.windowMax] = this.grab(this.#in);
    channel.written += 1;
    if (channel.written === channel.published + 1) this.#onWritten(this);
    if (channel.written < channel.requested) this.pull(this.#in);
  }

  onUpstreamFinish(): void {
    this.#channel.end = "completed";
    this.#channel.published = this.#channel.written;
    this.#channel.notifyDownstream();
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#channel.end = error;
    this.#channel.notifyDownstream();
    this.completeStage();
  }

  /** Makes known what was written. */
  flush(): void {
    const channel = this.#channel;
    if (channel.published === channel.written) return;
    channel.published = channel.written;
    channel.notifyDownstream();
  }

  override postStop(): void {
    const channel = this.#channel;
    if (channel.end !== "open" || channel.cancelled) return;
    channel.end = stopped("upstream");
    channel.notifyDownstream();
  }

  #onNotice(): void {
    const channel = this.#channel;
    if (channel.cancelled) this.cancel(this.#in, channel.cause);
    else if (channel.written < channel.requested && !this.hasBeenPulled(this.#in)) this.tryPull(this.#in);
  }
}

/**
 * The downstream end of a boundary between islands.
 *
 * Emits:         what crossed, in order.
 * Backpressures: when downstream does: it asks for `windowMax` elements at first, 16 by default, then for half of that whenever so many were taken.
 * Completes:     when upstream completed and the last element is taken; a failure overtakes the elements.
 * Cancels:       when downstream cancels.
 * State:         `windowMax` slots, shared with the other end.
 * Delivery:      in order, each once; what is in the channel when either island ends is gone.
 */
export class InputBoundary extends GraphStageLogic {
  readonly #out: Outlet<unknown>;
  readonly #channel: Channel;

  constructor(channel: Channel) {
    const outlet = new Outlet<unknown>("boundary.out");
    super(new SourceShape(outlet));
    this.#out = outlet;
    this.#channel = channel;
    channel.notifyDownstream = coalesced(this, () => this.#onNotice());
    this.setHandler(outlet, this);
  }

  override preStart(): void {
    this.#channel.requested = this.#channel.windowMax;
    this.#channel.notifyUpstream();
    this.#onNotice();
  }

  onPull(): void {
    if (this.#channel.read < this.#channel.published) this.#pushNext();
  }

  onDownstreamFinish(cause?: Error): void {
    this.#cancel(cause);
    this.completeStage();
  }

  override postStop(): void {
    if (this.#channel.end === "open" && !this.#channel.cancelled) this.#cancel(stopped("downstream"));
  }

  #cancel(cause: Error | undefined): void {
    this.#channel.cancelled = true;
    this.#channel.cause = cause;
    this.#channel.clear();
    this.#channel.notifyUpstream();
  }

  #onNotice(): void {
    const { end } = this.#channel;
    if (end instanceof Error) {
      this.#channel.clear();
      this.failStage(end);
    } else if (this.#channel.read === this.#channel.published) {
      if (end === "completed") this.completeStage();
    } else if (this.isAvailable(this.#out)) this.#pushNext();
  }

  #pushNext(): void {
    const channel = this.#channel;
    const index = channel.read % channel.windowMax;
    const element = channel.slots[index];
    channel.slots[index] = undefined;
    channel.read += 1;
    if (channel.requested - channel.read <= channel.windowMax - channel.requestSize && channel.end === "open") {
      channel.requested += channel.requestSize;
      channel.notifyUpstream();
    }
    this.push(this.#out, element);
    if (channel.end === "completed" && channel.read === channel.published) this.complete(this.#out);
  }
}

/** A notice for a stage of which at most one waits. */
function coalesced(logic: GraphStageLogic, run: () => void): () => void {
  let waiting = false;
  const callback = logic.getAsyncCallback(() => {
    waiting = false;
    run();
  });
  return () => {
    if (waiting) return;
    waiting = true;
    callback(undefined);
  };
}

function stopped(side: string): EngineError {
  return new EngineError(
    "STREAM_STOPPED",
    `Cannot cross the boundary as both islands must run: the ${side} one was stopped`,
  );
}
