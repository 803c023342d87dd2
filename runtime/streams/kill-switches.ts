import { Flow } from "./flow.ts";
import { FlowLogic, flowStage } from "./linear-stage.ts";
import type { FlowShape } from "./shape.ts";

/** Ends one run from outside. The first call counts. */
export interface UniqueKillSwitch {
  /** Cancels upstream and completes downstream. */
  shutdown(): void;
  /** Cancels upstream and fails downstream. */
  abort(error: Error): void;
}

export const KillSwitches = {
  /**
   * Lets everything through until it is told to end.
   *
   * Emits:         each element, unchanged. Materialises the switch.
   * Backpressures: when downstream does.
   * Completes:     when upstream completes, or on `shutdown`.
   * Cancels:       when downstream cancels, on `shutdown` and on `abort`.
   * State:         none.
   * Delivery:      one out for one in; what is upstream of it when it ends is dropped.
   */
  single<T>(): Flow<T, T, UniqueKillSwitch> {
    return Flow.fromStage(flowStage<T, T, UniqueKillSwitch>("killSwitch", (shape) => new KillSwitchLogic(shape)));
  },
} as const;

class KillSwitchLogic<T> extends FlowLogic<T, T, UniqueKillSwitch> {
  override readonly materialized: UniqueKillSwitch;

  constructor(shape: FlowShape<T, T>) {
    super(shape);
    const end = this.getAsyncCallback((error: Error | undefined) => this.cancelStage(error));
    this.materialized = { shutdown: () => end(undefined), abort: (error) => end(error) };
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }
}
