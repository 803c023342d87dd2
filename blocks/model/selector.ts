import { EngineError } from "../../runtime/errors.ts";
import type { Series, Tagset } from "./series.ts";
import type { SeriesFilter } from "./store.ts";
import { satisfies } from "./tag-condition.ts";

/**
 * Reads `metric{key="value",…}`, `metric` or `{key="value",…}`; `{}` means every series. The metric is all that stands before
 * the first `{`. White space around a tag does not count; in a value, `\\`, `\"` and `\n` are escapes, as in canonical forms.
 *
 * @throws {EngineError} `SELECTOR_INVALID`, with the column of the fault in `where`.
 */
export function parseSelector(text: string): SeriesFilter {
  const brace = text.indexOf("{");
  const metric = brace === -1 ? text : text.slice(0, brace);
  if (metric === "" && brace === -1) throw invalid(text, 0, "a metric or tags in braces must stand here");
  const tags = brace === -1 ? new Map<string, string>() : parseTags(text, brace + 1);
  return metric === "" ? { tags } : { metric, tags };
}

/**
 * Whether the series has the metric, where the filter names one, and all the tags (it may have others), and what stands at
 * `where` holds. The range is another matter.
 *
 * @param ofMetric The static tagset of its metric.
 */
export function matchesFilter(filter: SeriesFilter, series: Series, ofMetric?: Tagset): boolean {
  if (filter.metric !== undefined && filter.metric !== series.metric) return false;
  if (filter.tags.size === 0 && filter.where === undefined) return true;
  const { tagset } = series;
  for (const [key, value] of filter.tags) if (tagset.get(key) !== value) return false;
  return filter.where === undefined || satisfies(filter.where, tagset, ofMetric);
}

/** The tags from behind the opening brace to the end of the text. */
function parseTags(text: string, from: number): Map<string, string> {
  const tags = new Map<string, string>();
  let at = skipSpace(text, from);
  // A key may begin with a brace too, but then its value follows.
  if (text[at] === "}" && skipSpace(text, at + 1) === text.length) return tags;
  for (;;) {
    at = skipSpace(text, at);
    const equals = text.indexOf('="', at);
    if (equals === -1) throw invalid(text, at, 'a tag such as key="value" must stand here');
    const key = text.slice(at, equals).trimEnd();
    if (key === "") throw invalid(text, at, "a tag must have a key");
    if (tags.has(key)) throw invalid(text, at, `the tag ${JSON.stringify(key)} must stand once`);
    const { value, end } = parseValue(text, equals + 2);
    tags.set(key, value);
    at = skipSpace(text, end);
    if (text[at] === "}") return ended(text, at + 1, tags);
    if (text[at] !== ",") throw invalid(text, at, '"," or "}" must follow a tag');
    at += 1;
  }
}

/** The value from behind its opening quote; `end` is behind the closing one. */
function parseValue(text: string, from: number): { value: string; end: number } {
  let value = "";
  for (let at = from; at < text.length; at++) {
    const unit = text[at];
    if (unit === '"') return { value, end: at + 1 };
    if (unit !== "\\") {
      value += unit;
      continue;
    }
    const escaped = text[at + 1];
    if (escaped !== "\\" && escaped !== '"' && escaped !== "n") {
      throw invalid(text, at, 'a backslash in a value must begin one of \\\\ \\" \\n');
    }
    value += escaped === "n" ? "\n" : escaped;
    at += 1;
  }
  throw invalid(text, text.length, "a value must end with a quote");
}

function ended(text: string, from: number, tags: Map<string, string>): Map<string, string> {
  const at = skipSpace(text, from);
  if (at < text.length) throw invalid(text, at, "nothing must follow the tags");
  return tags;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  // The same white space as that of `trim`, which bounds the keys that are accepted.
  while (at < text.length && text.charAt(at).trim() === "") at += 1;
  return at;
}

function invalid(text: string, at: number, rule: string): EngineError {
  const found = at < text.length ? JSON.stringify(text.slice(at, at + 20)) : "the end";
  const sentence = `Cannot read the selector at column ${at + 1} as ${rule}: it is ${found}`;
  return new EngineError("SELECTOR_INVALID", sentence, { where: { column: at + 1 } });
}
