import { record } from "../config/declare.ts";
import { Receipt } from "../runtime/receipt.ts";
import { GraphStage } from "../runtime/streams/graph-stage.ts";
import { ChunkBuilder } from "./model/chunk-builder.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import type { Derivation } from "./model/derivation.ts";
import type { ObservationChunk } from "./model/observation-chunk.ts";
import { periodOf } from "./model/period.ts";
import type { SeriesTable } from "./model/series.ts";
import { chosenDerivations, chosenDerivators } from "./rollup/chosen.ts";
import { Recorder } from "./rollup/recorder.ts";
import { type Grouper, RecordingLogic, type RecordingParts } from "./rollup/recording-logic.ts";
import { RecordingShape } from "./rollup/recording-shape.ts";
import {
  aggregatorsSetting,
  derivatorsSetting,
  deriveSetting,
  grouperSetting,
  hotSeriesSetting,
  storeSetting,
} from "./rollup/settings.ts";

/** A derivation applies to what it, or another one, derived; so deep and no deeper. */
const depthMax = 8;

const settings = record({
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  derive: deriveSetting(),
  grouper: grouperSetting(),
  hot_series: hotSeriesSetting(),
});

/**
 * Publishes observations, and derives further ones, which are stored and get their first period here.
 *
 * Emits:         `observations`: every chunk as it comes, then what was derived from it. `updates`, `tags`: of derived ones.
 * Backpressures: when `observations` does, or when twice `grouper.size` derived rows wait for the store.
 * Completes:     when upstream completes and all that was derived is durable.
 * Cancels:       when `updates` or `tags` cancels it fails; a subscriber of `observations` may leave.
 * State:         the derived rows that wait; one hot bucket per derived series, at most `hot_series`.
 * Delivery:      derived rows are added to the receipt of what they came from, and hold it until they are durable.
 */
class ObservationStage extends GraphStage<RecordingShape> {
  readonly shape: RecordingShape;
  readonly #context: BlockContext;
  readonly #recorder: () => Recorder;
  readonly #grouper: Grouper;
  readonly #derivations: readonly Derivation[];

  constructor(context: BlockContext, recorder: () => Recorder, grouper: Grouper, derivations: readonly Derivation[]) {
    super();
    this.shape = new RecordingShape(context.outlets);
    this.#context = context;
    this.#recorder = recorder;
    this.#grouper = grouper;
    this.#derivations = derivations;
  }

  createLogic(): RecordingLogic {
    const { table, flushes } = this.#context;
    const given = { table, recorder: this.#recorder(), grouper: this.#grouper, flushes };
    return new ObservationLogic(this.shape, given, new Deriver(table, this.#derivations));
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
    const derived = this.#deriver.derive(chunk);
    const { observations } = this.ports;
    const published: ObservationChunk[] = [];
    const subscribed = observations !== undefined && !this.isClosed(observations);
    if (subscribed) published.push(chunk);
    for (const part of derived) {
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

/** Applies derivations to chunks, and to what they derived. */
class Deriver {
  readonly #table: SeriesTable;
  readonly #derivations: readonly Derivation[];
  /** By series: what applies to it. Grows with the table of series and no further. */
  readonly #applying = new Map<number, readonly Derivation[]>();

  constructor(table: SeriesTable, derivations: readonly Derivation[]) {
    this.#table = table;
    this.#derivations = derivations;
  }

  /** @returns chunks under the receipt of `chunk`, without holds of their own. */
  derive(chunk: ObservationChunk): ObservationChunk[] {
    const all: ObservationChunk[] = [];
    if (this.#derivations.length === 0) return all;
    let level: readonly ObservationChunk[] = [chunk];
    for (let depth = 0; depth < depthMax && level.length > 0; depth += 1) {
      level = level.flatMap((part) => this.#deriveOnce(part));
      all.push(...level);
    }
    return all.map((part) => part.under(chunk.receipt));
  }

  #deriveOnce(chunk: ObservationChunk): ObservationChunk[] {
    const builder = new ChunkBuilder(this.#table);
    for (let row = 0; row < chunk.length; row += 1) {
      const series = this.#table.at(chunk.series[row] as number);
      for (const derivation of this.#applyingTo(series.index)) {
        const value = series.type === "tbool" ? chunk.values[row] !== 0 : chunk.values[row];
        for (const made of derivation.derive(series, chunk.time[row] as number, value)) {
          builder.add(this.#table.intern(made.metric, made.tagset, made.type), made.time, made.value);
        }
      }
    }
    return builder.build(new Receipt(builder.rows, ignore, ignore));
  }

  #applyingTo(series: number): readonly Derivation[] {
    let applying = this.#applying.get(series);
    if (applying === undefined) {
      applying = this.#derivations.filter((derivation) => derivation.appliesTo(this.#table.at(series)));
      this.#applying.set(series, applying);
    }
    return applying;
  }
}

function ignore(): void {}

export const observationBlock = defineBlock({
  type: "observation",
  summary: "Publishes observations and derives further ones from them.",
  accepts: ["observations"],
  outlets: { observations: "observations", updates: "updates", tags: "tags" },
  bounds: false,
  settings,
  open(given, context) {
    const sets = chosenDerivators(given.derivators, context.derivators, context.node);
    const derivations = chosenDerivations(given.derive, context.derivations, context.node);
    const first = given.aggregators[0];
    const recorder = () =>
      new Recorder({
        table: context.table,
        store: context.store(given.store),
        period: first === undefined ? undefined : periodOf(first),
        sets,
        hotSeriesMax: given.hot_series,
      });
    return new ObservationStage(context, recorder, given.grouper, derivations);
  },
});
