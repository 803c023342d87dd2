import assert from "node:assert/strict";
import { SourceLogic, sourceStage } from "../linear-stage.ts";
import type { SourceShape } from "../shape.ts";
import { Source } from "../source.ts";
import { drive } from "./drive.ts";

/** The hand on the upstream end of a stream. Each call first lets the graph come to rest. */
export interface TestPublisher<in T> {
  /** Elements asked for and not sent, 0 or 1. */
  readonly pending: number;
  expectRequest(): void;
  expectNoRequest(): void;
  /** Sends one element; it must have been asked for. */
  sendNext(element: T): void;
  sendComplete(): void;
  sendError(error: Error): void;
  /** @returns the cause, if there is one. */
  expectCancellation(): Error | undefined;
}

export const TestSource = {
  /** A source that emits what the test sends. */
  probe: <T>(): Source<T, TestPublisher<T>> =>
    Source.fromStage(sourceStage<T, TestPublisher<T>>("testSource", (shape) => new TestSourceLogic(shape))),
} as const;

class TestSourceLogic<T> extends SourceLogic<T, TestPublisher<T>> {
  override readonly materialized: TestPublisher<T>;
  #cancelled = false;
  #cause: Error | undefined;

  constructor(shape: SourceShape<T>) {
    super(shape);
    this.materialized = this.#publisher();
  }

  onPull(): void {}

  onDownstreamFinish(cause?: Error): void {
    this.#cancelled = true;
    this.#cause = cause;
    this.cancelStage(cause);
  }

  #publisher(): TestPublisher<T> {
    const rest = () => drive(this.clock);
    const pending = () => {
      rest();
      return this.isAvailable(this.out) ? 1 : 0;
    };
    const send = this.getAsyncCallback((step: () => void) => step());
    const act = (step: () => void) => {
      rest();
      send(step);
      rest();
    };
    return {
      get pending() {
        return pending();
      },
      expectRequest: () => assert.equal(pending(), 1, "expected a request"),
      expectNoRequest: () => assert.equal(pending(), 0, "expected no request"),
      sendNext: (element) => {
        assert.equal(pending(), 1, "expected a request before an element is sent");
        act(() => this.push(this.out, element));
      },
      sendComplete: () => act(() => this.completeStage()),
      sendError: (error) => act(() => this.failStage(error)),
      expectCancellation: () => {
        rest();
        assert(this.#cancelled, "expected a cancellation");
        return this.#cause;
      },
    };
  }
}
