import { EngineError } from "../../runtime/errors.ts";
import type { DataType } from "./data-type.ts";
import { KnownNames } from "./known-names.ts";
import type { CustomTypes } from "./type-definition.ts";

/** The dynamic tagset of a data point, in ascending order of its keys (by UTF-16 code unit). */
export type Tagset = ReadonlyMap<string, string>;

/** One interned series of one type. A metric and tagset whose type changes makes two of them, and both are kept. */
export interface Series {
  /** Dense, from 0, in order of first sight; meaningful within one table only. */
  readonly index: number;
  readonly metric: string;
  readonly tagset: Tagset;
  readonly type: DataType;
  /** `metric{key="value",…}`, keys sorted; `metric` alone where there are no tags. */
  readonly canonical: string;
  /** FNV-1a, 32 bits, of the UTF-8 bytes of `canonical`: the same in every process, so it chooses partitions. */
  readonly hash: number;
}

/**
 * Names become dense integers here, once, at the edge: nothing behind it looks up a string per data point.
 *
 * Holds at most `seriesMax` series; beyond that a new one is refused with `SERIES_LIMIT`, and the known ones go on.
 */
export class SeriesTable {
  /** By type, then canonical form. */
  readonly #indices = new SeriesNumbering();
  readonly #series: Series[] = [];
  readonly #seriesMax: number;
  /** What the graph knows besides the built-in types. */
  readonly types: CustomTypes;
  /** Of Protobuf messages of type tdouble. */
  readonly knownNames = new KnownNames();

  constructor(seriesMax = 1_000_000, types: CustomTypes = new Map()) {
    this.#seriesMax = seriesMax;
    this.types = types;
  }

  get size(): number {
    return this.#series.length;
  }

  /** @throws {RangeError} when there is no such index: a bug, not a fault of the world. */
  at(index: number): Series {
    const series = this.#series[index];
    if (series === undefined) throw new RangeError(`no series has the index ${index}`);
    return series;
  }

  /**
   * @param tagset Any iteration order; an object's own enumerable keys, or a map.
   * @param metric Not empty, without `{`, which begins the tags of a canonical form.
   * @throws {EngineError} `SERIES_LIMIT`, or `MESSAGE_INVALID` for such a metric.
   */
  intern(metric: string, tagset: Tagset | Readonly<Record<string, string>>, type: DataType): Series {
    if (metric === "" || metric.includes("{")) throw metricInvalid(metric);
    const sorted = sortedTagset(tagset);
    const canonical = canonicalForm(metric, sorted);
    const known = this.#indices.get(type, canonical);
    if (known !== undefined) return this.at(known);
    if (this.#series.length >= this.#seriesMax) {
      throw new EngineError(
        "SERIES_LIMIT",
        `Cannot accept the new series "${canonical}" as a graph holds at most ${this.#seriesMax} (series_max)`,
      );
    }
    const index = this.#series.length;
    const series: Series = { index, metric, tagset: sorted, type, canonical, hash: fnv1a32(canonical) };
    this.#indices.set(type, canonical, index);
    this.#series.push(series);
    return series;
  }
}

/** A number for each (type, canonical form): no string of its own for a series, as a map of both in one would need. */
export class SeriesNumbering {
  readonly #byType = new Map<DataType, Map<string, number>>();

  get(type: DataType, canonical: string): number | undefined {
    return this.#byType.get(type)?.get(canonical);
  }

  set(type: DataType, canonical: string, number: number): void {
    const ofType = this.#byType.get(type);
    if (ofType === undefined) this.#byType.set(type, new Map([[canonical, number]]));
    else ofType.set(canonical, number);
  }
}

/** A series that is in no table; its tags are those of a series, sorted. */
export function seriesOf(metric: string, tagset: Tagset, type: DataType, index: number): Series {
  const canonical = canonicalForm(metric, tagset);
  return { index, metric, tagset, type, canonical, hash: fnv1a32(canonical) };
}

function metricInvalid(metric: string): EngineError {
  return new EngineError("MESSAGE_INVALID", `Cannot name a metric "${metric}" as it must not be empty nor contain "{"`);
}

export function sortedTagset(tagset: Tagset | Readonly<Record<string, string>>): Tagset {
  const entries = tagset instanceof Map ? [...(tagset as Tagset)] : Object.entries(tagset);
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** `metric{key="value",…}`; backslash, quote and newline in a value are escaped as in the Prometheus text format. */
export function canonicalForm(metric: string, sorted: Tagset): string {
  if (sorted.size === 0) return metric;
  const tags: string[] = [];
  for (const [key, value] of sorted) tags.push(`${key}="${escaped(value)}"`);
  return `${metric}{${tags.join(",")}}`;
}

function escaped(value: string): string {
  return /[\\"\n]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n") : value;
}

const utf8 = new TextEncoder();

/** FNV-1a, 32 bits (draft-eastlake-fnv, section 2); what NATS uses for its own partitions. */
function fnv1a32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of utf8.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
