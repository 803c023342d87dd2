import { record } from "../config/declare.ts";
import { GraphStage } from "../runtime/streams/graph-stage.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import type { ObservationChunk } from "./model/observation-chunk.ts";
import { periodOf } from "./model/period.ts";
import { chosenDerivators } from "./rollup/chosen.ts";
import { Recorder } from "./rollup/recorder.ts";
import { type Grouper, RecordingLogic } from "./rollup/recording-logic.ts";
import { RecordingShape } from "./rollup/recording-shape.ts";
import {
  aggregatorsSetting,
  derivatorsSetting,
  grouperSetting,
  hotSeriesSetting,
  storeSetting,
} from "./rollup/settings.ts";

const settings = record({
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  grouper: grouperSetting(),
  hot_series: hotSeriesSetting(),
});

/**
 * Stores raw observations and computes their first period.
 *
 * Emits:         `observations`: every chunk as it comes. `updates`, `tags`: one element per recording, once the recording began.
 * Backpressures: when `observations` does, or when twice `grouper.size` rows wait for the store.
 * Completes:     when upstream completes and all that was gathered is durable.
 * Cancels:       when `updates` or `tags` cancels it fails; a subscriber of `observations` may leave.
 * State:         the gathered rows; one hot bucket per series, at most `hot_series`, then read back from the store.
 * Delivery:      a receipt is held until its rows are durable; a redelivered row replaces itself.
 */
class MessageStage extends GraphStage<RecordingShape> {
  readonly shape: RecordingShape;
  readonly #recorder: () => Recorder;
  readonly #grouper: Grouper;
  readonly #context: BlockContext;

  constructor(context: BlockContext, recorder: () => Recorder, grouper: Grouper) {
    super();
    this.shape = new RecordingShape(context.outlets);
    this.#context = context;
    this.#recorder = recorder;
    this.#grouper = grouper;
  }

  createLogic(): RecordingLogic {
    const { table, flushes } = this.#context;
    return new MessageLogic(this.shape, { table, recorder: this.#recorder(), grouper: this.#grouper, flushes });
  }
}

class MessageLogic extends RecordingLogic {
  protected take(chunk: ObservationChunk): void {
    chunk.receipt.hold();
    if (this.publish(chunk)) chunk.receipt.added(chunk.length);
    else chunk.receipt.release();
    this.gather(chunk);
  }
}

export const messageBlock = defineBlock({
  type: "message",
  summary: "Stores the raw observations and computes the first period of each series.",
  accepts: ["observations"],
  outlets: { observations: "observations", updates: "updates", tags: "tags" },
  bounds: false,
  settings,
  open(given, context) {
    const sets = chosenDerivators(given.derivators, context.derivators, context.node);
    const first = given.aggregators[0];
    const recorder = () =>
      new Recorder({
        table: context.table,
        store: context.store(given.store),
        period: first === undefined ? undefined : periodOf(first),
        sets,
        hotSeriesMax: given.hot_series,
      });
    return new MessageStage(context, recorder, given.grouper);
  },
});
