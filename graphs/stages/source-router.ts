import type { SourceElement } from "../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../../runtime/streams/graph-stage.ts";

class RouterShape implements Shape {
  readonly in = new Inlet<SourceElement>("in");
  readonly observations = new Outlet<ObservationChunk>("observations");
  readonly rejected = new Outlet<DeadLetterChunk>("rejected");
  readonly inlets = [this.in];
  readonly outlets = [this.observations, this.rejected];
}

/**
 * Parts what a source hands in: data points one way, dead letters the other.
 *
 * Emits:         each element at the outlet of its kind.
 * Backpressures: when the outlet of the element at hand does.
 * Completes:     when upstream completes and the element at hand was taken.
 * Cancels:       when either outlet cancels.
 * State:         one element.
 * Delivery:      receipts pass through.
 */
export class SourceRouter extends GraphStage<RouterShape> {
  readonly shape = new RouterShape();

  createLogic(): GraphStageLogic {
    return new RouterLogic(this.shape);
  }
}

class RouterLogic extends GraphStageLogic {
  constructor(shape: RouterShape) {
    super(shape);
    const pull = () => {
      const free = this.isAvailable(shape.observations) && this.isAvailable(shape.rejected);
      if (free && !this.isClosed(shape.in) && !this.hasBeenPulled(shape.in)) this.pull(shape.in);
    };
    this.setHandler(shape.in, {
      onPush: () => {
        const element = this.grab(shape.in);
        if (element instanceof DeadLetterChunk) this.push(shape.rejected, element);
        else this.push(shape.observations, element);
      },
    });
    this.setHandler(shape.observations, { onPull: pull });
    this.setHandler(shape.rejected, { onPull: pull });
  }
}
