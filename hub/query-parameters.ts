import type { DeletionRequest } from "../blocks/deletion/delete-observations.ts";
import type { QueryRequest } from "../blocks/query/query.ts";
import { parseSelector } from "../blocks/model/selector.ts";
import { parseTagCondition } from "../blocks/model/tag-condition.ts";
import { parseTimestamp, timestampMax, timestampMin } from "../blocks/model/timestamp.ts";
import { EngineError } from "../runtime/errors.ts";

/** What a query may say, as text: the same words in a URL and on the command line. */
export interface QueryParameters {
  readonly selector: string;
  /** A filter of tags, as JSON. */
  readonly where?: string | undefined;
  /** ISO 8601, or milliseconds since the epoch. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly every?: string | undefined;
  /** Comma-separated. */
  readonly value?: string | undefined;
  readonly merge?: boolean | undefined;
  /** Comma-separated. */
  readonly by?: string | undefined;
  readonly limit?: string | undefined;
}

const rowsMaxDefault = 1_000_000;

/** @throws {EngineError} `SELECTOR_INVALID`, `TIMESTAMP_INVALID` or `SETTING_INVALID`, with the parameter and its value. */
export function readQuery(given: QueryParameters): QueryRequest {
  const { every, value, by, merge } = given;
  const from = given.from === undefined ? undefined : moment("from", given.from);
  const to = given.to === undefined ? undefined : moment("to", given.to);
  const rowsMax = given.limit === undefined ? rowsMaxDefault : Number(given.limit);
  if (!Number.isInteger(rowsMax) || rowsMax < 1) {
    throw new EngineError(
      "SETTING_INVALID",
      `Cannot use limit as it must be a whole number >= 1: it is ${given.limit}`,
    );
  }
  const tags = words(by);
  return {
    filter: {
      ...parseSelector(given.selector),
      ...(given.where !== undefined && { where: parseTagCondition(given.where) }),
    },
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(every !== undefined && { every }),
    values: words(value),
    grouping: tags.length > 0 ? { kind: "by", tags } : merge === true ? { kind: "merge" } : { kind: "each" },
    rowsMax,
  };
}

/** What a deletion may say, as text. */
export interface DeletionParameters {
  readonly selector: string;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** Timestamps of data points, comma-separated. */
  readonly at?: string | undefined;
}

/** @throws {EngineError} as `readQuery`; `USAGE_INVALID` where both points and a range are given. */
export function readDeletion({ selector, ...given }: DeletionParameters): DeletionRequest {
  const filter = parseSelector(selector);
  const from = given.from === undefined ? undefined : moment("from", given.from);
  const to = given.to === undefined ? undefined : moment("to", given.to);
  if (given.at === undefined) {
    if (from === undefined && to === undefined) return { filter };
    return { filter, ranges: [{ from: from ?? timestampMin, to: to ?? timestampMax + 1 }] };
  }
  if (from !== undefined || to !== undefined) {
    throw new EngineError(
      "USAGE_INVALID",
      "Cannot delete as either points (at) or a range (from, to) must be given: it is both",
    );
  }
  const times = words(given.at).map((text) => moment("at", text));
  return { filter, ranges: times.map((time) => ({ from: time, to: time + 1 })) };
}

function words(text: string | undefined): string[] {
  return (text ?? "")
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** @throws {EngineError} `TIMESTAMP_INVALID`. */
export function moment(name: string, text: string): number {
  // A date alone is its midnight.
  const time = /^-?\d{5,}$/.test(text)
    ? Number(text)
    : parseTimestamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
  if (time >= timestampMin && time <= timestampMax) return time;
  throw new EngineError(
    "TIMESTAMP_INVALID",
    `Cannot use ${name} as it must be a date, an ISO 8601 timestamp or milliseconds since the epoch: it is "${text}"`,
  );
}
