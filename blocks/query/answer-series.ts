import { EngineError } from "../../runtime/errors.ts";
import type { DataType } from "../model/data-type.ts";
import { canonicalForm, type Series, sortedTagset } from "../model/series.ts";
import type { SeriesFilter } from "../model/store.ts";

/**
 * How stored series make the series of the answer. `each`: every one by itself. `merge`: all in one, named by the selector.
 * `by`: one for each set of values of `tags`, an absent tag counting as empty text.
 */
export type Grouping =
  | { readonly kind: "each" }
  | { readonly kind: "merge" }
  | { readonly kind: "by"; readonly tags: readonly string[] };

/** One series of an answer. */
export interface AnswerSeries {
  readonly name: string;
  readonly type: DataType;
  /** The stored series in it, at least one, in order of canonical form and then type. */
  readonly members: readonly Series[];
}

/**
 * The series of the answer, in order of name and then type.
 *
 * @throws {EngineError} `SELECTOR_INVALID` where series should merge whose types are neither one nor tdouble and tlong.
 */
export function answerSeries(found: readonly Series[], filter: SeriesFilter, grouping: Grouping): AnswerSeries[] {
  const sorted = [...found].sort((a, b) => byText(a.canonical, b.canonical) || byText(a.type, b.type));
  if (grouping.kind === "each") {
    return sorted.map((series) => ({ name: series.canonical, type: series.type, members: [series] }));
  }
  const tags = grouping.kind === "by" ? grouping.tags : [];
  const groups = new Map<string, Series[]>();
  for (const series of sorted) {
    const name = groupName(filter, tags, series);
    const members = groups.get(name);
    if (members === undefined) groups.set(name, [series]);
    else members.push(series);
  }
  return [...groups]
    .sort(([a], [b]) => byText(a, b))
    .map(([name, members]) => ({ name, type: commonType(name, members), members }));
}

function groupName(filter: SeriesFilter, tags: readonly string[], series: Series): string {
  const tagset = new Map(filter.tags);
  const own = series.tagset;
  for (const tag of tags) tagset.set(tag, own.get(tag) ?? "");
  // The selector of every series has neither a metric nor tags.
  return canonicalForm(filter.metric ?? "", sortedTagset(tagset)) || "{}";
}

function commonType(name: string, members: readonly Series[]): DataType {
  const types = [...new Set(members.map((series) => series.type))].sort();
  const [first] = types;
  if (first !== undefined && types.length === 1) return first;
  if (types.every((type) => type === "tdouble" || type === "tlong")) return "tdouble";
  throw new EngineError(
    "SELECTOR_INVALID",
    `Cannot merge the series of ${name} as they must have one type, or be tdouble and tlong: it is ${types.join(", ")}`,
  );
}

/** By UTF-16 code unit: the same order everywhere. */
function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
