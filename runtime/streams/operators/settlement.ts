import { EngineError } from "../../errors.ts";

/** The promise that a sink materialises: settles once; a failure nobody asks about is no unhandled rejection, as the run reports it. */
export class Settlement<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.catch(() => {});
  }

  /** For `postStop`: the run was stopped, unless it settled before. */
  abandon(): void {
    this.reject(
      new EngineError("STREAM_STOPPED", "Cannot finish the sink as the stream must complete: it was stopped"),
    );
  }
}
