import type { Aggregation } from "./aggregation.ts";
import type { DeadLetter } from "./dead-letter.ts";
import type { ObservationChunk } from "./observation-chunk.ts";
import type { Series } from "./series.ts";
import { formatLocalTimestamp, formatTimestamp } from "./timestamp.ts";
import { base64Of } from "./value.ts";

/**
 * The messages of a chunk as JSON, one line each without its end; consecutive rows of one series make one message:
 * `{"metric":…,"tagset":{…},"type":…,"values":[["2020-01-02T03:04:05.678",42.1337],…]}`. Timestamps are UTC without a zone.
 */
export function* messagesOf(chunk: ObservationChunk): Generator<string, void, undefined> {
  for (let row = 0; row < chunk.length; ) {
    const index = chunk.series[row] ?? 0;
    const series = chunk.table.at(index);
    let line = messageHead(series);
    let separator = "[";
    for (; row < chunk.length && chunk.series[row] === index; row++) {
      line += `${separator}"${formatLocalTimestamp(chunk.time[row] ?? 0)}",${valueText(series.type, chunk.values[row])}]`;
      separator = ",[";
    }
    yield `${line}]}`;
  }
}

/** `{"metric":…,"tagset":{…},"datetime":…,"value":…,"type":…}`. */
export function observationLine(series: Series, time: number, value: unknown): string {
  const names = seriesNames(series);
  return `{${names},"datetime":"${formatLocalTimestamp(time)}","value":${valueText(series.type, value)},"type":${JSON.stringify(series.type)}}`;
}

/** `{"ts":{"metric":…,"tagset":{…}},"interval":"1m","datetime":…,"type":…,"value":…,"aggregation":"max"}`. */
export function aggregationLine(aggregation: Aggregation): string {
  const { series, period, bucket, type, value, derivator } = aggregation;
  return (
    `{"ts":{${seriesNames(series)}},"interval":${JSON.stringify(period)},"datetime":"${formatLocalTimestamp(bucket)}",` +
    `"type":${JSON.stringify(type)},"value":${valueText(type, value)},"aggregation":${JSON.stringify(derivator)}}`
  );
}

/** `{"node":…,"code":…,"reason":…,"where":{…},"payload":…,"at":"2020-01-02T03:04:05.678Z"}`; integers keep all their digits. */
export function deadLetterLine(letter: DeadLetter): string {
  const { node, code, reason, where, payload, at } = letter;
  const head = JSON.stringify({ node, code, reason, where }).slice(0, -1);
  return `${head},"payload":${plainText(payload, 0)},"at":"${formatTimestamp(at)}"}`;
}

/**
 * A column value as JSON text. A tlong is a JSON number with all its digits. A tdouble that is not finite, which only rollups
 * can be, is `null`: JSON has no such number. `date_<type>` is `{"datetime":…,"value":…}`.
 */
export function valueText(type: string, value: unknown): string {
  switch (type) {
    case "tdouble":
      return typeof value === "number" ? numberText(value) : "null";
    case "tlong":
      return String(value);
    case "tbool":
      return value === 1 || value === true ? "true" : "false";
    case "tbinary":
      return value instanceof Uint8Array ? `"${base64Of(value)}"` : "null";
    case "ttext":
      return JSON.stringify(value);
    default:
      return type.startsWith(datePrefix) && isDated(value) ? datedText(type, value) : plainText(value, 0);
  }
}

const datePrefix = "date_";

/** The value of `first` and `last`: a data point with its own timestamp. */
interface Dated {
  readonly datetime: number;
  readonly value: unknown;
}

function isDated(value: unknown): value is Dated {
  return typeof value === "object" && value !== null && "datetime" in value && typeof value.datetime === "number";
}

function datedText(type: string, { datetime, value }: Dated): string {
  return `{"datetime":"${formatLocalTimestamp(datetime)}","value":${valueText(type.slice(datePrefix.length), value)}}`;
}

function numberText(number: number): string {
  if (!Number.isFinite(number)) return "null";
  // `String` drops the sign of zero.
  return number === 0 && 1 / number < 0 ? "-0" : String(number);
}

/** Levels of a dead letter's payload that are printed; a value of a custom type has fewer. Deeper ones become `null`. */
const printedDepthMax = 128;

/** JSON of anything: bigint as digits, bytes as base64, `null` for what JSON has no word for. */
function plainText(value: unknown, depth: number): string {
  if (typeof value === "number") return numberText(value);
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return `"${base64Of(value)}"`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  if (depth > printedDepthMax) return "null";
  if (Array.isArray(value)) return `[${value.map((inner) => plainText(inner, depth + 1)).join(",")}]`;
  const members: string[] = [];
  for (const [key, inner] of Object.entries(value)) {
    if (inner !== undefined) members.push(`${JSON.stringify(key)}:${plainText(inner, depth + 1)}`);
  }
  return `{${members.join(",")}}`;
}

/** Everything of a message up to the first data point. Kept as long as its series, whose number the table bounds. */
function messageHead(series: Series): string {
  const known = heads.get(series);
  if (known !== undefined) return known;
  const head = `{${seriesNames(series)},"type":${JSON.stringify(series.type)},"values":[`;
  heads.set(series, head);
  return head;
}

const heads = new WeakMap<Series, string>();

function seriesNames(series: Series): string {
  if (last?.series !== series) last = { series, names: namesOf(series) };
  return last.names;
}

/** Many lines that follow each other are of one series. */
let last: { readonly series: Series; readonly names: string } | undefined;

function namesOf(series: Series): string {
  const tags: string[] = [];
  for (const [key, value] of series.tagset) tags.push(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  return `"metric":${JSON.stringify(series.metric)},"tagset":{${tags.join(",")}}`;
}
