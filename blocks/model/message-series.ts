import { EngineError, type ErrorCode } from "../../runtime/errors.ts";
import type { DataType } from "./data-type.ts";
import type { Series, SeriesTable } from "./series.ts";
import { shown } from "./value.ts";
import { isWellFormed } from "./well-formed.ts";

/** Longest metric, tag key and tag value, in UTF-16 code units. */
export const nameLengthMax = 1024;
/** Most tags of one series. */
export const tagsMax = 64;

/** What a message is refused for. */
export interface MessageFault {
  /** What is at fault, such as `values[3][1]`; empty where it is the whole message. */
  readonly path: string;
  readonly code: ErrorCode;
  /** One sentence. */
  readonly reason: string;
}

/**
 * The series of a message: checks the names, then interns them. The names of a series that was seen lately are not checked,
 * sorted and joined again: up to `recentMax` are remembered per table, and all are forgotten at once when there are more.
 *
 * @param tagset As decoded: any own enumerable keys. Values must be text.
 */
export function seriesOfMessage(
  table: SeriesTable,
  metric: string,
  tagset: Readonly<Record<string, unknown>>,
  type: DataType,
): Series | MessageFault {
  const recent = recentOf(table);
  const key = keyOf(metric, tagset, type);
  const known = key === undefined ? undefined : recent.get(key);
  if (known !== undefined) return known;

  const fault = metricFault(metric) ?? tagsetFault(tagset);
  if (fault !== undefined) return fault;
  try {
    const series = table.intern(metric, tagset as Readonly<Record<string, string>>, type);
    if (recent.size >= recentMax) recent.clear();
    if (key !== undefined) recent.set(key, series);
    return series;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    return { path: "metric", code: error.code, reason: error.message };
  }
}

/**
 * Why a text cannot be a metric: it is empty, longer than `nameLengthMax`, not well-formed Unicode, or holds a `{`, where the
 * canonical form could not be read back.
 */
export function metricFault(metric: string): MessageFault | undefined {
  const rule = nameRule(metric) ?? (metric.includes("{") ? 'must not contain "{"' : undefined);
  return rule === undefined ? undefined : nameFault("metric", "a metric", rule, metric);
}

/** The same of a tagset: at most `tagsMax` tags; for the keys see `isTagKey`; values may be empty. */
export function tagsetFault(tagset: Readonly<Record<string, unknown>>): MessageFault | undefined {
  const names = Object.keys(tagset);
  if (names.length > tagsMax) {
    const reason = `Cannot accept a tagset as it must have at most ${tagsMax} tags: it has ${names.length}`;
    return { path: "tagset", code: "SIZE_LIMIT", reason };
  }
  for (const name of names) {
    const path = `tagset[${JSON.stringify(name.slice(0, 40))}]`;
    if (!isTagKey(name)) {
      const rule = nameRule(name) ?? 'must neither begin or end with white space nor contain "=" before a quote';
      return nameFault(path, "a tag key", rule, name);
    }
    const value = tagset[name];
    if (typeof value !== "string") {
      const reason = `Cannot accept the value of a tag as it must be text: it is ${shown(value)}`;
      return { path, code: "MESSAGE_INVALID", reason };
    }
    const rule = value === "" ? undefined : nameRule(value);
    if (rule !== undefined) return nameFault(path, "the value of a tag", rule, value);
  }
  return undefined;
}

/** Whether a selector can name the tag: not empty, no white space at the ends, no `="` inside, within `nameLengthMax`. */
export function isTagKey(name: string): boolean {
  return nameRule(name) === undefined && name.trim() === name && !name.includes('="');
}

/** Series seen lately, by type and names in the order in which they arrived. */
type RecentSeries = Map<string, Series>;
const recentByTable = new WeakMap<SeriesTable, RecentSeries>();
/** Some 20 MB at most with names of usual length; more series than that pay for the sort each time. */
const recentMax = 65_536;

function recentOf(table: SeriesTable): RecentSeries {
  const known = recentByTable.get(table);
  if (known !== undefined) return known;
  const recent: RecentSeries = new Map();
  recentByTable.set(table, recent);
  return recent;
}

/** Each name behind its length, as any may hold any separator; undefined where a value is no text. */
function keyOf(metric: string, tagset: Readonly<Record<string, unknown>>, type: DataType): string | undefined {
  let key = `${type.length}:${type}${metric.length}:${metric}`;
  for (const name in tagset) {
    const value = tagset[name];
    if (typeof value !== "string") return undefined;
    key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}

/** The rule that any name breaks, if it does. */
function nameRule(name: string): string | undefined {
  if (name === "") return "must not be empty";
  if (name.length > nameLengthMax) return `must have at most ${nameLengthMax} characters`;
  return isWellFormed(name) ? undefined : "must be well-formed Unicode, without lone surrogates";
}

function nameFault(path: string, what: string, rule: string, name: string): MessageFault {
  const code = name.length > nameLengthMax ? "SIZE_LIMIT" : "MESSAGE_INVALID";
  return { path, code, reason: `Cannot accept ${what} as it ${rule}: it is ${shown(name)}` };
}
