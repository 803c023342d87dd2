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
  /** May be made anew at each look, so look once. */
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
  #hasBooleans = false;
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

  /** Whether one is of type `tbool`, whose rows lie in columns of numbers. */
  get hasBooleans(): boolean {
    return this.#hasBooleans;
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
    const series = NamedSeries.of(index, metric, sorted, type, canonical);
    this.#indices.set(type, canonical, index);
    this.#series.push(series);
    if (type === "tbool") this.#hasBooleans = true;
    return series;
  }
}

/**
 * A series of which the canonical form is all that is kept of the tags: a map for each of a million series would take more memory
 * than all else.
 */
class NamedSeries implements Series {
  readonly index: number;
  readonly metric: string;
  readonly type: DataType;
  readonly canonical: string;
  declare readonly hash: number;
  declare readonly tagset: Tagset;
  /** Of 32 bits with a sign, which need no object of their own. */
  readonly #hash: number;
  /** Where they could not be read back. */
  readonly #tagset: Tagset | undefined;
  /** Its own, so that a plugin may spread, clone or serialize it; of functions that all share. */
  static readonly #computed: PropertyDescriptorMap & ThisType<NamedSeries> = {
    hash: {
      enumerable: true,
      get() {
        return this.#hash >>> 0;
      },
    },
    tagset: {
      enumerable: true,
      get() {
        return this.#tagset ?? recentTagset(this);
      },
    },
  };

  private constructor(index: number, names: Omit<Series, "index" | "tagset">, tagset: Tagset | undefined) {
    this.index = index;
    this.metric = names.metric;
    this.type = names.type;
    this.canonical = names.canonical;
    this.#hash = names.hash | 0;
    this.#tagset = tagset;
    Object.defineProperties(this, NamedSeries.#computed);
  }

  static of(index: number, metric: string, tagset: Tagset, type: DataType, canonical: string): NamedSeries {
    const names = { metric, type, canonical, hash: fnv1a32(canonical) };
    return new NamedSeries(index, names, isReadable(metric, tagset) ? undefined : tagset);
  }

  /** The same series under another number. */
  static renumbered(series: Series, index: number): NamedSeries {
    if (series instanceof NamedSeries) return new NamedSeries(index, series, series.#tagset);
    const { metric, tagset, type, canonical } = series;
    return NamedSeries.of(index, metric, tagset, type, canonical);
  }
}

/** Tags as the canonical form has them. */
function recentTagset(series: Series): Tagset {
  let tagset = recentTagsets.get(series);
  if (tagset === undefined) {
    tagset = tagsetOf(series.canonical, series.metric.length);
    if (recentTagsets.size >= recentMax) recentTagsets.clear();
    recentTagsets.set(series, tagset);
  }
  return tagset;
}

/** Those that were looked at last: a derivation may look at those of each row. Some 2 MB at most. */
const recentTagsets = new Map<Series, Tagset>();
const recentMax = 8_192;

/** A number for each (type, canonical form): no string of its own for a series, as a map of both in one would need. */
class SeriesNumbering {
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
  return NamedSeries.of(index, metric, tagset, type, canonicalForm(metric, tagset));
}

/** The same series under another number. */
export function renumbered(series: Series, index: number): Series {
  return NamedSeries.renumbered(series, index);
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

/** Whether the canonical form says where each key ends. */
function isReadable(metric: string, tagset: Tagset): boolean {
  if (metric.includes("{")) return false;
  for (const key of tagset.keys()) if (key.includes('="')) return false;
  return true;
}

/** What stands in a canonical form behind its metric. */
function tagsetOf(canonical: string, metricLength: number): Tagset {
  const tags = new Map<string, string>();
  for (let at = metricLength + 1; at < canonical.length; ) {
    const keyEnd = canonical.indexOf('="', at);
    const from = keyEnd + 2;
    let to = canonical.indexOf('"', from);
    const plain = !canonical.slice(from, to).includes("\\");
    if (!plain) while (isEscaped(canonical, to)) to = canonical.indexOf('"', to + 1);
    const value = canonical.slice(from, to);
    tags.set(canonical.slice(at, keyEnd), plain ? value : unescaped(value));
    at = to + 2;
  }
  return tags;
}

/** Whether an odd number of backslashes stands before a place. */
function isEscaped(text: string, at: number): boolean {
  let from = at;
  while (text[from - 1] === "\\") from -= 1;
  return (at - from) % 2 === 1;
}

function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}

const utf8 = new TextEncoder();
/** Where names are encoded. */
let bytes = new Uint8Array(1_024);

/** FNV-1a, 32 bits (draft-eastlake-fnv, section 2), with a sign; what NATS uses for its own partitions. */
function fnv1a32(text: string): number {
  // A UTF-16 code unit takes three bytes at most.
  if (bytes.length < 3 * text.length) bytes = new Uint8Array(6 * text.length);
  const { written } = utf8.encodeInto(text, bytes);
  let hash = 0x811c9dc5;
  for (let at = 0; at < written; at += 1) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash;
}
