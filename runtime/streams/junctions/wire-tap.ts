import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanOutShape } from "../shape.ts";

/**
 * Lets a second branch look on without holding up the first.
 *
 * Emits:         each element at the first outlet; at the second, the tap, each that finds it ready, else the newest later.
 * Backpressures: when the first outlet does; never for the tap.
 * Completes:     when upstream completes; the tap after the element that waits for it.
 * Cancels:       when the first outlet cancels; a tap that cancels, also by failing, only leaves.
 * State:         one element.
 * Delivery:      one out for one in at the first outlet; the tap misses what comes while it is busy.
 */
export class WireTap<T> extends GraphStage<FanOutShape<T, T>> {
  override readonly name = "wireTap";
  readonly shape = new FanOutShape<T, T>(new Inlet<T>("wireTap.in"), [
    new Outlet<T>("wireTap.out"),
    new Outlet<T>("wireTap.tap"),
  ]);

  createLogic(_attributes: Attributes): GraphStageLogic {
    const [main, tap] = this.shape.outs as readonly [Outlet<T>, Outlet<T>];
    return new WireTapLogic(this.shape, main, tap);
  }
}

class WireTapLogic<T> extends GraphStageLogic {
  readonly #in: Inlet<T>;
  readonly #main: Outlet<T>;
  readonly #tap: Outlet<T>;
  /** The newest element that the tap has not seen. */
  #waiting: T | undefined;

  constructor(shape: FanOutShape<T, T>, main: Outlet<T>, tap: Outlet<T>) {
    super(shape);
    this.#in = shape.in;
    this.#main = main;
    this.#tap = tap;
    this.setHandler(shape.in, this);
    this.setHandler(main, { onPull: () => this.pull(shape.in) });
    this.setHandler(tap, {
      onPull: () => {
        if (this.#waiting === undefined) return;
        this.push(tap, this.#waiting);
        this.#waiting = undefined;
        if (this.isClosed(shape.in)) this.completeStage();
      },
      onDownstreamFinish: () => {
        this.#waiting = undefined;
        if (this.isClosed(shape.in)) this.completeStage();
      },
    });
  }

  onPush(): void {
    const element = this.grab(this.#in);
    this.push(this.#main, element);
    if (this.isAvailable(this.#tap)) this.push(this.#tap, element);
    else if (!this.isClosed(this.#tap)) this.#waiting = element;
  }

  onUpstreamFinish(): void {
    if (this.#waiting === undefined) this.completeStage();
    else this.complete(this.#main);
  }
}
