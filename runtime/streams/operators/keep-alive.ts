import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";

/**
 * Fills pauses with elements of its own.
 *
 * Emits:         each element; `inject()` when downstream asks and nothing was emitted for `idleMs`.
 * Backpressures: when downstream does and one element waits.
 * Completes:     when upstream completed and the element that waits is emitted.
 * Cancels:       when downstream cancels.
 * State:         one element and a timer.
 * Delivery:      each element once, in order; an element of upstream goes before an injected one; fails where `inject` throws.
 *
 * @see Pekko, `keepAlive`
 */
export function keepAlive<In, Out>(idleMs: number, inject: () => Out): GraphStage<FlowShape<In, In | Out>> {
  return flowStage<In, In | Out>("keepAlive", (shape) => new KeepAliveLogic(shape, idleMs, inject));
}

class KeepAliveLogic<In, Out> extends FlowLogic<In, In | Out> {
  readonly #idleMs: number;
  readonly #inject: () => Out;
  #waiting: In | undefined;
  /** When a pause is long enough, by the monotonic clock. */
  #dueMs = 0;

  constructor(shape: FlowShape<In, In | Out>, idleMs: number, inject: () => Out) {
    super(shape);
    this.#idleMs = idleMs;
    this.#inject = inject;
  }

  override preStart(): void {
    this.#dueMs = this.clock.monotonic() + this.#idleMs;
    // Ahead of demand: an element that is there goes before an injected one.
    this.pull(this.in);
  }

  onPush(): void {
    this.#waiting = this.grab(this.in);
    this.#goOn();
  }

  override onPull(): void {
    this.#goOn();
  }

  onUpstreamFinish(): void {
    this.#goOn();
  }

  override onTimer(): void {
    this.#goOn();
  }

  #goOn(): void {
    if (this.isAvailable(this.out)) {
      const waitMs = this.#dueMs - this.clock.monotonic();
      const waiting = this.#waiting;
      this.#waiting = undefined;
      if (waiting !== undefined) this.#emitNow(waiting);
      // The end needs nothing to keep it alive.
      else if (this.isClosed(this.in)) this.completeStage();
      else if (waitMs <= 0) this.#emitNow(this.#inject());
      else if (!this.isTimerActive("idle")) this.scheduleOnce("idle", waitMs);
    }
    if (this.#waiting !== undefined) return;
    if (this.isClosed(this.in)) this.completeStage();
    else if (!this.hasBeenPulled(this.in)) this.pull(this.in);
  }

  #emitNow(element: In | Out): void {
    this.#dueMs = this.clock.monotonic() + this.#idleMs;
    this.push(this.out, element);
  }
}
