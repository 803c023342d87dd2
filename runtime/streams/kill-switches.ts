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

/** Ends every run that one of its flows is part of, also those that begin later. The first call counts. */
export interface SharedKillSwitch extends UniqueKillSwitch {
  readonly name: string;
  /**
   * Lets everything through until the switch is told to end.
   *
   * Emits:         each element, unchanged. Materialises the switch.
   * Backpressures: when downstream does.
   * Completes:     when upstream completes, or on `shutdown`; at once where that was before.
   * Cancels:       when downstream cancels, on `shutdown` and on `abort`; at once where that was before.
   * State:         none.
   * Delivery:      one out for one in; what is upstream of it when it ends is dropped.
   */
  flow<T>(): Flow<T, T, SharedKillSwitch>;
}

export const KillSwitches = {
  /** Made before the runs that it ends. {@link SharedKillSwitch.flow} */
  shared(name: string): SharedKillSwitch {
    return new SharedSwitch(name);
  },

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

class SharedSwitch implements SharedKillSwitch {
  readonly name: string;
  #end: { readonly error: Error | undefined } | undefined;
  readonly #runs = new Set<(error: Error | undefined) => void>();

  constructor(name: string) {
    this.name = name;
  }

  shutdown(): void {
    this.#finish(undefined);
  }

  abort(error: Error): void {
    this.#finish(error);
  }

  flow<T>(): Flow<T, T, SharedKillSwitch> {
    return Flow.fromStage(flowStage<T, T, SharedKillSwitch>("killSwitch", (shape) => new SharedLogic(shape, this)));
  }

  /** @internal */
  join(run: (error: Error | undefined) => void): void {
    if (this.#end === undefined) this.#runs.add(run);
    else run(this.#end.error);
  }

  /** @internal */
  leave(run: (error: Error | undefined) => void): void {
    this.#runs.delete(run);
  }

  #finish(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const run of this.#runs) run(error);
    this.#runs.clear();
  }
}

class SharedLogic<T> extends FlowLogic<T, T, SharedKillSwitch> {
  override readonly materialized: SharedSwitch;
  readonly #end = this.getAsyncCallback((error: Error | undefined) => this.cancelStage(error));

  constructor(shape: FlowShape<T, T>, shared: SharedSwitch) {
    super(shape);
    this.materialized = shared;
  }

  override preStart(): void {
    this.materialized.join(this.#end);
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  override postStop(): void {
    this.materialized.leave(this.#end);
  }
}
