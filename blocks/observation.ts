import { record } from "../config/declare.ts";
import { GraphStage } from "../runtime/streams/graph-stage.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import type { Derivation } from "./model/derivation.ts";
import type { ObservationChunk } from "./model/observation-chunk.ts";
import { chosenDerivations } from "./rollup/chosen.ts";
import { Deriver } from "./rollup/deriver.ts";
import { RecordingLogic, type RecordingParts } from "./rollup/recording-logic.ts";
import { recordingParts, recordingSettings } from "./rollup/recording-settings.ts";
import { RecordingShape } from "./rollup/recording-shape.ts";
import { deriveSetting } from "./rollup/settings.ts";

/**
 * Publishes observations, and derives further ones, which are stored and get their first period here.
 *
 * Emits:         `observations`: every chunk as it comes, then what was derived from it. `updates`, `tags`: of derived ones.
 *                `rejected`: a dead letter for each row that a derivation fails at.
 * Backpressures: when `observations` or `rejected` does, or when twice `grouper.size` derived rows wait for the store.
 * Completes:     when upstream completes and all that was derived is durable.
 * Cancels:       when `updates`, `tags` or `rejected` cancels it fails; a subscriber of `observations` may leave.
 * State:         the derived rows that wait; one hot bucket per derived series, at most `hot_series`.
 * Delivery:      derived rows are added to the receipt of what they came from, and hold it until they are durable.
 */
class ObservationStage extends GraphStage<RecordingShape> {
  readonly shape: RecordingShape;
  readonly #parts: RecordingParts;
  readonly #context: BlockContext;
  readonly #derivations: readonly Derivation[];

  constructor(parts: RecordingParts, context: BlockContext, derivations: readonly Derivation[]) {
    super();
    this.shape = new RecordingShape(context.outlets);
    this.#parts = parts;
    this.#context = context;
    this.#derivations = derivations;
  }

  createLogic(): RecordingLogic {
    const { table, node } = this.#context;
    return new ObservationLogic(this.shape, this.#parts, new Deriver(table, this.#derivations, node));
  }
}

class ObservationLogic extends RecordingLogic {
  readonly #deriver: Deriver;

  constructor(ports: RecordingShape, given: RecordingParts, deriver: Deriver) {
    super(ports, given);
    this.#deriver = deriver;
  }

  protected take(chunk: ObservationChunk): void {
    const { receipt } = chunk;
    const { derived, letters } = this.#deriver.derive(chunk, this.clock.now());
    receipt.added(letters.length);
    this.reject(letters, receipt);
    const { observations } = this.ports;
    const published: ObservationChunk[] = [];
    const subscribed = observations !== undefined && !this.isClosed(observations);
    if (subscribed) published.push(chunk);
    for (const made of derived) {
      const { sound: part, letters: homeless } = this.placed(made);
      receipt.added(homeless.length);
      this.reject(homeless, receipt);
      if (part.length === 0) continue;
      receipt.hold();
      receipt.added(part.length);
      this.gather(part);
      if (subscribed) {
        receipt.hold();
        receipt.added(part.length);
        published.push(part);
      }
    }
    if (subscribed) this.emitMultiple(observations, untilLeft(published));
    // Last, as it may settle a receipt that nothing was derived from.
    else dropUnsubscribed(chunk);
  }
}

/** The chunks in order; when the subscriber leaves, those that it did not take are let go of. */
function* untilLeft(chunks: readonly ObservationChunk[]): Generator<ObservationChunk> {
  let next = 0;
  try {
    for (const chunk of chunks) {
      yield chunk;
      next += 1;
    }
  } finally {
    for (const chunk of chunks.slice(next)) dropUnsubscribed(chunk);
  }
}

function dropUnsubscribed({ receipt, length }: ObservationChunk): void {
  receipt.filtered("not subscribed", length);
  receipt.release();
}

export const observationBlock = defineBlock({
  type: "observation",
  summary: "Publishes observations and derives further ones from them.",
  accepts: ["observations"],
  outlets: { observations: "observations", updates: "updates", tags: "tags", rejected: "dead-letters" },
  bounds: false,
  settings: record({ ...recordingSettings, derive: deriveSetting() }),
  open(given, context) {
    const derivations = chosenDerivations(given.derive, context.derivations, context.node);
    return new ObservationStage(recordingParts(given, context), context, derivations);
  },
});
