import { record } from "../config/declare.ts";
import { GraphStage } from "../runtime/streams/graph-stage.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import type { ObservationChunk } from "./model/observation-chunk.ts";
import { soundRows } from "./model/sound-rows.ts";
import { RecordingLogic, type RecordingParts } from "./rollup/recording-logic.ts";
import { recordingParts, recordingSettings } from "./rollup/recording-settings.ts";
import { RecordingShape } from "./rollup/recording-shape.ts";

/**
 * Stores raw observations and computes their first period.
 *
 * Emits:         `observations`: every chunk as it comes. `updates`, `tags`: one element per recording, once the recording began.
 *                `rejected`: rows that no source should have let through.
 * Backpressures: when `observations` or `rejected` does, or when twice `grouper.size` rows wait for the store.
 * Completes:     when upstream completes and all that was gathered is durable.
 * Cancels:       when `updates`, `tags` or `rejected` cancels it fails; a subscriber of `observations` may leave.
 * State:         the gathered rows; one hot bucket per series, at most `hot_series`, then read back from the store.
 * Delivery:      a receipt is held until its rows are durable; a redelivered row replaces itself.
 */
class MessageStage extends GraphStage<RecordingShape> {
  readonly shape: RecordingShape;
  readonly #parts: RecordingParts;
  readonly #context: BlockContext;

  constructor(parts: RecordingParts, context: BlockContext) {
    super();
    this.shape = new RecordingShape(context.outlets);
    this.#parts = parts;
    this.#context = context;
  }

  createLogic(): RecordingLogic {
    return new MessageLogic(this.shape, this.#parts, this.#context.node);
  }
}

class MessageLogic extends RecordingLogic {
  readonly #node: string;

  constructor(ports: RecordingShape, given: RecordingParts, node: string) {
    super(ports, given);
    this.#node = node;
  }

  protected take(given: ObservationChunk): void {
    if (this.gatherSound(given)) {
      this.#publish(given);
      return;
    }
    const { sound, letters } = soundRows(given, this.#node, this.clock);
    this.reject(letters, sound.receipt);
    const { sound: chunk, letters: homeless } = this.placed(sound);
    this.reject(homeless, chunk.receipt);
    if (chunk.length === 0) {
      chunk.receipt.release();
      return;
    }
    this.gather(chunk);
    this.#publish(chunk);
  }

  /** Hands on what was gathered, with a hold of its own. */
  #publish(chunk: ObservationChunk): void {
    chunk.receipt.hold();
    if (this.publish(chunk)) chunk.receipt.added(chunk.length);
    else chunk.receipt.release();
  }
}

export const messageBlock = defineBlock({
  type: "message",
  summary: "Stores the raw observations and computes the first period of each series.",
  accepts: ["observations"],
  outlets: { observations: "observations", updates: "updates", tags: "tags", rejected: "dead-letters" },
  bounds: false,
  settings: record(recordingSettings),
  open: (given, context) => new MessageStage(recordingParts(given, context), context),
});
