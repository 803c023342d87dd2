import { withOrigin } from "../../config/plugin-origin.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { ChunkBuilder } from "../model/chunk-builder.ts";
import type { DeadLetter } from "../model/dead-letter.ts";
import type { Derivation, DerivedObservation } from "../model/derivation.ts";
import { seriesOfMessage } from "../model/message-series.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { Series, SeriesTable } from "../model/series.ts";
import { formatTimestamp, timestampMax, timestampMin } from "../model/timestamp.ts";
import { checkValue, ValueFault, valueToJson } from "../model/value.ts";

/** A derivation applies to what it, or another one, derived; so deep and no deeper. */
const depthMax = 8;

/** What came of the rows of one chunk: chunks under its receipt, without holds of their own, and a letter for each failure. */
export interface Derived {
  readonly derived: readonly ObservationChunk[];
  readonly letters: readonly DeadLetter[];
}

/**
 * Applies derivations to chunks, and to what they derived. A derivation that throws, or makes what cannot be recorded, costs what
 * it makes of that one row, and a dead letter says so.
 */
export class Deriver {
  readonly #table: SeriesTable;
  readonly #derivations: readonly Derivation[];
  readonly #node: string;
  /** By series: what applies to it. Grows with the table of series and no further. */
  readonly #applying = new Map<number, readonly Derivation[]>();

  constructor(table: SeriesTable, derivations: readonly Derivation[], node: string) {
    this.#table = table;
    this.#derivations = derivations;
    this.#node = node;
  }

  /** @param at The time of the letters, ms since the epoch. */
  derive(chunk: ObservationChunk, at: number): Derived {
    const derived: ObservationChunk[] = [];
    const letters: DeadLetter[] = [];
    if (this.#derivations.length === 0) return { derived, letters };
    let level: readonly ObservationChunk[] = [chunk];
    for (let depth = 0; depth < depthMax && level.length > 0; depth += 1) {
      level = level.flatMap((part) => this.#deriveOnce(part, at, letters));
      derived.push(...level);
    }
    return { derived: derived.map((part) => part.under(chunk.receipt)), letters };
  }

  #deriveOnce(chunk: ObservationChunk, at: number, letters: DeadLetter[]): ObservationChunk[] {
    const builder = new ChunkBuilder(this.#table);
    for (let row = 0; row < chunk.length; row += 1) {
      const series = this.#table.at(chunk.series[row] as number);
      const time = chunk.time[row] as number;
      const value = series.type === "tbool" ? chunk.values[row] !== 0 : chunk.values[row];
      const failed = (derivation: Derivation, fault: unknown) => {
        letters.push(this.#letter(derivation, fault, { series, time, value: chunk.values[row] }, at));
      };
      for (const derivation of this.#applyingTo(series, failed)) {
        builder.begin();
        try {
          for (const made of derivation.derive(series, time, value)) this.#add(made, builder);
        } catch (fault) {
          builder.rollback();
          failed(derivation, fault);
        }
      }
    }
    return builder.build(new Receipt(builder.rows, ignore, ignore));
  }

  #add({ metric, tagset, type, time, value }: DerivedObservation, builder: ChunkBuilder): void {
    const series = seriesOfMessage(this.#table, metric, tagset, type);
    if ("code" in series) throw new EngineError(series.code, series.reason);
    const isBytes = type === "tbinary" && value instanceof Uint8Array;
    const checked = isBytes ? value : checkValue(type, value, this.#table.types);
    if (checked instanceof ValueFault) throw new EngineError("VALUE_INVALID", checked.reason);
    if (!Number.isInteger(time) || time < timestampMin || time > timestampMax) {
      const rule = "its time must be a whole ms of the years 1 to 9999";
      throw new EngineError("TIMESTAMP_INVALID", `Cannot record a derived data point as ${rule}: it is ${time}`);
    }
    builder.add(series, time, checked);
  }

  /** One that cannot tell applies to nothing, and says so once a series. */
  #applyingTo(series: Series, failed: (derivation: Derivation, fault: unknown) => void): readonly Derivation[] {
    let applying = this.#applying.get(series.index);
    if (applying === undefined) {
      applying = this.#derivations.filter((derivation) => {
        try {
          return derivation.appliesTo(series);
        } catch (fault) {
          failed(derivation, fault);
          return false;
        }
      });
      this.#applying.set(series.index, applying);
    }
    return applying;
  }

  #letter(
    { name, origin }: Derivation,
    fault: unknown,
    { series, time, value }: { series: Series; time: number; value: unknown },
    at: number,
  ): DeadLetter {
    const { metric, tagset, type } = series;
    const values = [[formatTimestamp(time), valueToJson(type, value)]];
    return {
      node: this.#node,
      code: fault instanceof EngineError ? fault.code : "DERIVATION_FAILED",
      reason: `Cannot derive ${withOrigin(`"${name}"`, origin)} from a data point: ${sentenceOf(fault)}`,
      where: {},
      payload: { metric, tagset: Object.fromEntries(tagset), type, values },
      at,
    };
  }
}

function ignore(): void {}
