// @ts-check
import {
  decimal,
  defineBlock,
  GraphStage,
  GraphStageLogic,
  Inlet,
  ObservationChunk,
  Outlet,
  record,
} from "millrace/plugin";

export const block = defineBlock({
  type: "plugin-name",
  summary: "Holds numbers between a minimum and a maximum.",
  accepts: ["observations"],
  outlets: { observations: "observations" },
  bounds: false,
  settings: record({ min: decimal("The least."), max: decimal("The most.") }),
  open: (given) => new Clamp(given),
});

/**
 * Emits:         each chunk as it comes, with its numbers between the bounds; types without numbers unchanged.
 * Backpressures: when downstream does; it holds no chunks.
 * Completes:     when upstream completes.
 * Cancels:       when downstream cancels.
 * State:         none.
 * Delivery:      the receipt travels on with the chunk.
 */
class Clamp extends GraphStage {
  in = new Inlet("in");
  observations = new Outlet("observations");
  shape = { in: this.in, observations: this.observations, inlets: [this.in], outlets: [this.observations] };

  /** @param {{ min: number, max: number }} bounds */
  constructor(bounds) {
    super();
    this.bounds = bounds;
  }

  createLogic() {
    return new ClampLogic(this.shape, this.bounds);
  }
}

class ClampLogic extends GraphStageLogic {
  /**
   * @param {Clamp["shape"]} shape
   * @param {{ min: number, max: number }} bounds
   */
  constructor(shape, bounds) {
    super(shape);
    const { in: inlet, observations } = shape;
    this.setHandler(inlet, { onPush: () => this.push(observations, clamped(this.grab(inlet), bounds)) });
    this.setHandler(observations, { onPull: () => this.pull(inlet) });
  }
}

/**
 * Another chunk, as columns are never written after they were handed on.
 *
 * @param {ObservationChunk} chunk
 * @param {{ min: number, max: number }} bounds
 */
function clamped(chunk, { min, max }) {
  const { table, layout, length, series, time, values, receipt } = chunk;
  if (!(values instanceof Float64Array)) return chunk;
  const held = values.map((value) => Math.min(max, Math.max(min, value)));
  return new ObservationChunk(table, layout, length, { series, time, values: held }, receipt);
}
