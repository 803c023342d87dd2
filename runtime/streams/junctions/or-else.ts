import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "../graph-stage.ts";
import { FanInShape } from "../shape.ts";

/**
 * Gives the first stream, or the second where the first is empty.
 *
 * Emits:         the elements of the first inlet; those of the second where the first completed without one.
 * Backpressures: when downstream does; the second is asked for nothing before the first has completed.
 * Completes:     when the stream that it gives has completed.
 * Cancels:       both when downstream cancels; the second with the first element of the first. A failure of either fails it.
 * State:         whether an element has come.
 * Delivery:      one out for one in, in order.
 */
export class OrElse<T> extends GraphStage<FanInShape<T, T>> {
  override readonly name = "orElse";
  readonly shape: FanInShape<T, T>;

  constructor() {
    super();
    const ins = [new Inlet<T>("orElse.in0"), new Inlet<T>("orElse.in1")];
    this.shape = new FanInShape(ins, new Outlet<T>("orElse.out"));
  }

  createLogic(_attributes: Attributes): GraphStageLogic {
    const [first, second] = this.shape.ins as readonly [Inlet<T>, Inlet<T>];
    return new OrElseLogic(this.shape, first, second);
  }
}

class OrElseLogic<T> extends GraphStageLogic {
  readonly #first: Inlet<T>;
  readonly #second: Inlet<T>;
  #decided = false;

  constructor(shape: FanInShape<T, T>, first: Inlet<T>, second: Inlet<T>) {
    super(shape);
    this.#first = first;
    this.#second = second;
    const { out } = shape;
    this.setHandler(first, {
      onPush: () => {
        if (!this.#decided) {
          this.#decided = true;
          this.cancel(second);
        }
        this.push(out, this.grab(first));
      },
      onUpstreamFinish: () => {
        if (this.isClosed(second)) this.completeStage();
        else if (this.isAvailable(out)) this.pull(second);
      },
    });
    this.setHandler(second, {
      onPush: () => this.push(out, this.grab(second)),
      onUpstreamFinish: () => {
        if (this.isClosed(first)) this.completeStage();
      },
    });
    this.setHandler(out, this);
  }

  onPull(): void {
    this.pull(this.isClosed(this.#first) ? this.#second : this.#first);
  }
}
