import assert from "node:assert/strict";
import { SinkLogic, sinkStage } from "../linear-stage.ts";
import type { SinkShape } from "../shape.ts";
import { Sink } from "../sink.ts";
import { drive } from "./drive.ts";

/** The hand on the downstream end of a stream. Each call first lets the graph come to rest. */
export interface TestSubscriber<T> {
  /** Asks for `count` more elements. */
  request(count: number): void;
  /** Takes elements that have arrived, and compares them. */
  expectNext(...elements: T[]): void;
  /** Asks for one, and takes it. */
  requestNext(element: T): void;
  /** Neither an element nor the end has arrived. */
  expectNoMessage(): void;
  expectComplete(): void;
  /** @returns the failure. */
  expectError(error?: Error): Error;
  cancel(cause?: Error): void;
}

export const TestSink = {
  /** A sink that asks when the test does. */
  probe: <T>(): Sink<T, TestSubscriber<T>> =>
    Sink.fromStage(sinkStage<T, TestSubscriber<T>>("testSink", (shape) => new TestSinkLogic(shape))),
} as const;

class TestSinkLogic<T> extends SinkLogic<T, TestSubscriber<T>> {
  override readonly materialized: TestSubscriber<T>;
  readonly #received: T[] = [];
  #wanted = 0;
  #end: "open" | "completed" | Error = "open";

  constructor(shape: SinkShape<T>) {
    super(shape);
    this.materialized = this.#subscriber();
  }

  override preStart(): void {}

  onPush(): void {
    this.#received.push(this.grab(this.in));
    this.#askForMore();
  }

  onUpstreamFinish(): void {
    this.#end = "completed";
    this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    this.#end = error;
    this.failStage(error);
  }

  #askForMore(): void {
    if (this.#wanted === 0 || this.isClosed(this.in) || this.hasBeenPulled(this.in)) return;
    this.#wanted -= 1;
    this.pull(this.in);
  }

  #subscriber(): TestSubscriber<T> {
    const rest = () => drive(this.clock);
    const run = this.getAsyncCallback((step: () => void) => step());
    const act = (step: () => void) => {
      rest();
      run(step);
      rest();
    };
    const request = (count: number) =>
      act(() => {
        this.#wanted += count;
        this.#askForMore();
      });
    const expectNext = (...elements: T[]) => {
      rest();
      assert.deepEqual(this.#received.splice(0, elements.length), elements);
    };
    return {
      request,
      expectNext,
      requestNext: (element) => {
        request(1);
        expectNext(element);
      },
      expectNoMessage: () => {
        rest();
        assert.deepEqual(this.#received, []);
        assert.equal(this.#end, "open");
      },
      expectComplete: () => {
        rest();
        assert.deepEqual(this.#received, []);
        assert.equal(this.#end, "completed");
      },
      expectError: (error) => {
        rest();
        assert(this.#end instanceof Error, "expected a failure");
        if (error !== undefined) assert.equal(this.#end, error);
        return this.#end;
      },
      cancel: (cause) => act(() => this.cancel(this.in, cause)),
    };
  }
}
