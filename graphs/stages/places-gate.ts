import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { PlacedRows } from "../../blocks/model/placed-rows.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../../runtime/streams/graph-stage.ts";

class PlacesShape implements Shape {
  readonly in = new Inlet<ObservationChunk>("in");
  readonly observations = new Outlet<ObservationChunk>("observations");
  readonly rejected = new Outlet<DeadLetterChunk>("rejected");
  readonly inlets = [this.in];
  readonly outlets = [this.observations, this.rejected];
}

/**
 * Stands before what holds so many series and no more.
 *
 * Emits:         each chunk, without the rows of new series that there is no place for: dead letters, at `rejected`.
 * Backpressures: when either outlet does.
 * Completes:     when upstream completes and what it made of the last chunk was taken.
 * Cancels:       when either outlet cancels.
 * State:         none besides what `PlacedRows` remembers.
 * Delivery:      receipts pass through; dead letters get a hold of their own.
 */
export class PlacesGate extends GraphStage<PlacesShape> {
  readonly shape = new PlacesShape();
  readonly #placed: PlacedRows;

  constructor(placed: PlacedRows) {
    super();
    this.#placed = placed;
  }

  createLogic(): GraphStageLogic {
    return new PlacesLogic(this.shape, this.#placed);
  }
}

class PlacesLogic extends GraphStageLogic {
  constructor(shape: PlacesShape, placed: PlacedRows) {
    super(shape);
    const pull = () => {
      const free = this.isAvailable(shape.observations) && this.isAvailable(shape.rejected);
      if (free && !this.isClosed(shape.in) && !this.hasBeenPulled(shape.in)) this.pull(shape.in);
    };
    this.setHandler(shape.in, {
      onPush: () => {
        const { sound, letters } = placed.part(this.grab(shape.in), this.clock.now());
        const { receipt } = sound;
        if (letters.length > 0) {
          for (const { code } of letters) receipt.deadLettered(code, 1);
          receipt.hold();
          this.push(shape.rejected, new DeadLetterChunk(letters, receipt));
        }
        if (sound.length > 0) this.push(shape.observations, sound);
        else {
          receipt.release();
          pull();
        }
      },
    });
    this.setHandler(shape.observations, { onPull: pull });
    this.setHandler(shape.rejected, { onPull: pull });
  }
}
