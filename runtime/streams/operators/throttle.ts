import assert from "node:assert/strict";
import { EngineError } from "../../errors.ts";
import type { GraphStage } from "../graph-stage.ts";
import { FlowLogic, flowStage } from "../linear-stage.ts";
import type { FlowShape } from "../shape.ts";
import { TokenBucket } from "../token-bucket.ts";

/** What a throttle does besides keeping its rate. */
export interface ThrottleSettings<T> {
  /** "shaping" makes elements wait, "enforcing" fails at one that is too early. Default "shaping". */
  readonly mode?: "shaping" | "enforcing";
  /** What an element weighs, at least 0. Default 1. */
  readonly weigh?: (element: T) => number;
}

/**
 * Keeps a stream below a rate.
 *
 * Emits:         each element, when as many tokens as it weighs are there. They come one by one, `perMs / elements` apart, up to
 *                `burst`, and begin at that.
 * Backpressures: when downstream does, or an element waits for tokens.
 * Completes:     when upstream completed and the element that waits is emitted.
 * Cancels:       when downstream cancels.
 * State:         a count of tokens, one element and a timer.
 * Delivery:      one out for one in, in order; with "enforcing" fails with `RATE_LIMIT` at the first element that is too early;
 *                fails where `weigh` throws.
 *
 * @param elements What may pass in `perMs`, above 0: elements, or what they weigh.
 * @param burst What may pass at once after a pause. Default: what passes in 100 ms, at least 1. With 0 elements are apart from the
 * first on, which waits too; not with "enforcing".
 * @see Pekko, `throttle`
 */
export function throttle<T>(
  elements: number,
  perMs: number,
  burst = Math.max(1, Math.floor((100 * elements) / perMs)),
  settings: ThrottleSettings<T> = {},
): GraphStage<FlowShape<T, T>> {
  assert(elements > 0 && perMs > 0, "something passes in some time");
  assert(
    burst >= (settings.mode === "enforcing" ? 1 : 0),
    "a burst is not below 0, and lets one pass where it is enforced",
  );
  return flowStage<T, T>("throttle", (shape) => new ThrottleLogic(shape, { ...settings, elements, perMs, burst }));
}

interface Rate<T> extends ThrottleSettings<T> {
  readonly elements: number;
  readonly perMs: number;
  readonly burst: number;
}

class ThrottleLogic<T> extends FlowLogic<T, T> {
  readonly #rate: Rate<T>;
  #bucket: TokenBucket | undefined;
  #waiting: T | undefined;

  constructor(shape: FlowShape<T, T>, rate: Rate<T>) {
    super(shape);
    this.#rate = rate;
  }

  override preStart(): void {
    const { elements, perMs, burst } = this.#rate;
    this.#bucket = new TokenBucket(burst, perMs / elements, this.clock.monotonic());
  }

  onPush(): void {
    const element = this.grab(this.in);
    const weight = this.#rate.weigh?.(element) ?? 1;
    const delayMs = this.#bucket?.take(weight, this.clock.monotonic()) ?? 0;
    if (delayMs === 0) this.push(this.out, element);
    else if (this.#rate.mode === "enforcing") this.#failAt(delayMs);
    else {
      this.#waiting = element;
      this.scheduleOnce("tokens", delayMs);
    }
  }

  onUpstreamFinish(): void {
    if (this.#waiting === undefined) this.completeStage();
  }

  override onTimer(): void {
    const element = this.#waiting as T;
    this.#waiting = undefined;
    this.push(this.out, element);
    if (this.isClosed(this.in)) this.completeStage();
  }

  #failAt(delayMs: number): void {
    const { elements, perMs } = this.#rate;
    const rule = `at most ${elements} may pass in ${perMs} ms`;
    const sentence = `Cannot pass an element on as ${rule}: it is ${delayMs} ms too early`;
    this.failStage(new EngineError("RATE_LIMIT", sentence, { retryable: true }));
  }
}
