import { EngineError } from "../../runtime/errors.ts";
import type { KeyValues, Operation } from "./environment.ts";
import { numberKey } from "./ordered-key.ts";

/** Level of the raw observations. */
export const rawLevel = 0;

/** A persistent level, from 1, for each period label that was ever stored; at most 65,535 of them. */
export class PeriodLevels {
  readonly #table: KeyValues;
  readonly #levels = new Map<string, number>();
  readonly #unsaved = new Set<string>();

  constructor(table: KeyValues) {
    this.#table = table;
    this.refresh();
  }

  levelOf(period: string): number | undefined {
    return this.#levels.get(period);
  }

  /** @throws {EngineError} `STORE_FAILED` at the bound. */
  intern(period: string): number {
    const known = this.#levels.get(period);
    if (known !== undefined) return known;
    const level = this.#levels.size + 1;
    if (level > levelMax) {
      throw new EngineError("STORE_FAILED", `Cannot store the period "${period}" as a store holds at most ${levelMax}`);
    }
    this.#levels.set(period, level);
    this.#unsaved.add(period);
    return level;
  }

  /** What has to be written before any row of a new period, once, unless that `failed`. */
  takeUnsaved(): { operations: Operation[]; failed: () => void } {
    const periods = [...this.#unsaved];
    this.#unsaved.clear();
    const operations = periods.map((period) => ({
      table: this.#table,
      key: numberKey(this.#levels.get(period) ?? 0),
      value: Buffer.from(period),
    }));
    const failed = () => {
      for (const period of periods) this.#unsaved.add(period);
    };
    return { operations, failed };
  }

  /** Reads what another process has added since. */
  refresh(): void {
    for (const { key, value } of this.#table.getRange({ start: numberKey(this.#levels.size + 1) })) {
      this.#levels.set(value.toString("utf8"), key.readUInt32BE(0));
    }
  }
}

const levelMax = 0xffff;
