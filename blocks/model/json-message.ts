import assert from "node:assert/strict";
import type { ChunkBuilder } from "./chunk-builder.ts";
import { JsonFault, parseExactJson } from "./exact-json.ts";
import { type MessageFault, seriesOfMessage } from "./message-series.ts";
import type { SeriesTable } from "./series.ts";
import { elementOffsets, PositionFinder, type TextPosition } from "./text-position.ts";
import { parseTimestamp } from "./timestamp.ts";
import { checkerOf, shown, unknownTypeReason, ValueFault } from "./value.ts";

export interface DecodeOptions {
  /** The table of the builder. */
  readonly table: SeriesTable;
  /** Most data points of one message; a message with more is refused with `SIZE_LIMIT`. */
  readonly pointsMax?: number;
}

export const pointsMaxDefault = 1_000_000;

/** A message that was refused. Its position is that of its start, or of the offending character where it is no JSON. */
export interface Rejection extends MessageFault, TextPosition {
  /** Of the message in the body, from 0. */
  readonly index: number;
}

export interface DecodedBody {
  /** Messages in the body, the refused ones included; a body that is no JSON counts as one. */
  readonly received: number;
  readonly rejected: readonly Rejection[];
}

/**
 * Decodes one message, an array of messages, or messages one a line (blank lines skipped) into columns. A message that is
 * refused adds none of its data points, the others add all of theirs. A fault of JSON refuses the body, or the line alone
 * where there is a message a line. Integers are exact over all 64 bits.
 *
 * Lines are recognised by the first that is not blank, which is a JSON value of its own; where it is not and the body as a
 * whole is no JSON, by any other line that is a message.
 */
export function decodeJsonMessages(text: string, into: ChunkBuilder, options: DecodeOptions): DecodedBody {
  const body = new BodyDecoder(text, into, options);
  const start = text.search(/\S/);
  if (start === -1) return body.result();
  const lineEnd = text.indexOf("\n", start);
  const severalLines = lineEnd !== -1 && text.slice(lineEnd).trim() !== "";
  if (severalLines && parses(text.slice(start, lineEnd))) body.lines();
  else body.whole(start);
  return body.result();
}

class BodyDecoder {
  readonly #text: string;
  readonly #into: ChunkBuilder;
  readonly #options: DecodeOptions;
  readonly #rejected: Rejection[] = [];
  #received = 0;

  constructor(text: string, into: ChunkBuilder, options: DecodeOptions) {
    this.#text = text;
    this.#into = into;
    this.#options = options;
  }

  result(): DecodedBody {
    return { received: this.#received, rejected: this.#rejected };
  }

  whole(start: number): void {
    let json: unknown;
    try {
      json = JSON.parse(this.#text);
    } catch {
      if (this.#text.split("\n").some(isMessageLine)) this.lines();
      else this.#refuseSyntax(this.#text, 1);
      return;
    }
    if (!Array.isArray(json)) {
      this.#message(json, () => ({ offset: start, ...new PositionFinder(this.#text).at(start) }));
      return;
    }
    const positions = new PositionFinder(this.#text);
    let offsets: number[] | undefined;
    json.forEach((message, index) => {
      this.#message(message, () => {
        offsets ??= elementOffsets(this.#text);
        const offset = offsets[index] ?? start;
        return { offset, ...positions.at(offset) };
      });
    });
  }

  lines(): void {
    const text = this.#text;
    let line = 1;
    for (let from = 0; from < text.length; line++) {
      const newline = text.indexOf("\n", from);
      const end = newline === -1 ? text.length : newline;
      this.#line(text.slice(from, end), from, line);
      from = end + 1;
    }
  }

  #line(lineText: string, from: number, line: number): void {
    const column = lineText.search(/\S/);
    if (column === -1) return;
    let json: unknown;
    try {
      json = JSON.parse(lineText);
    } catch {
      this.#refuseSyntax(lineText, line);
      return;
    }
    this.#message(json, () => ({ offset: from + column, line, column: column + 1 }));
  }

  /** @param placeOf Where the message begins; asked only when it matters. */
  #message(json: unknown, placeOf: () => Place): void {
    const index = this.#received++;
    let fault = this.#decode(json, false);
    if (fault === undefined) return;
    const { offset, line, column } = placeOf();
    if (fault === rounded) {
      try {
        fault = this.#decode(parseExactJson(this.#text, offset, "allowed"), true);
      } catch (error) {
        if (!(error instanceof JsonFault)) throw error;
        fault = { path: "", code: "MESSAGE_INVALID", reason: error.message };
      }
    }
    if (fault !== undefined) this.#rejected.push({ index, line, column, ...fault });
  }

  #decode(json: unknown, exact: boolean): MessageFault | undefined {
    this.#into.begin();
    const fault = decodeMessage(json, this.#into, this.#options, exact);
    if (fault !== undefined) this.#into.rollback();
    return fault;
  }

  /** @param part What `JSON.parse` refused; it begins with the first column of `line`. */
  #refuseSyntax(part: string, line: number): void {
    const index = this.#received++;
    try {
      parseExactJson(part);
      assert.fail("JSON.parse refused what the exact parser reads");
    } catch (error) {
      if (!(error instanceof JsonFault)) throw error;
      const at = new PositionFinder(part).at(error.offset);
      const position = { line: line + at.line - 1, column: at.column };
      this.#rejected.push({ index, ...position, path: "", code: "MESSAGE_INVALID", reason: error.message });
    }
  }
}

interface Place extends TextPosition {
  /** In the body. */
  readonly offset: number;
}

/** Stands for: a tlong lost digits in `JSON.parse`, so the message has to be read again with all of them. */
const rounded: MessageFault = { path: "", code: "VALUE_INVALID", reason: "" };

/** @param exact Whether the integers of `json` have all their digits already. */
function decodeMessage(
  json: unknown,
  into: ChunkBuilder,
  options: DecodeOptions,
  exact: boolean,
): MessageFault | undefined {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    return invalid("", `Cannot accept a message as it must be an object: it is ${shown(json)}`);
  }
  for (const key in json) {
    if (!messageKeys.has(key)) {
      return invalid(key.slice(0, 40), `Cannot accept a message as its keys are ${keyList}: it has ${shown(key)}`);
    }
  }
  const { metric, tagset = {}, type, values } = json as Readonly<Record<string, unknown>>;
  if (typeof metric !== "string") return notA("metric", "text", metric);
  if (typeof type !== "string") return notA("type", "text", type);
  if (typeof tagset !== "object" || tagset === null || Array.isArray(tagset))
    return notA("tagset", "an object", tagset);
  if (!Array.isArray(values)) return notA("values", "an array", values);
  const pointsMax = options.pointsMax ?? pointsMaxDefault;
  if (values.length > pointsMax) {
    const reason = `Cannot accept a message as it must have at most ${pointsMax} data points: it has ${values.length}`;
    return { path: "values", code: "SIZE_LIMIT", reason };
  }
  const check = checkerOf(type, options.table.types);
  if (check === undefined) return { path: "type", code: "VALUE_INVALID", reason: unknownTypeReason(type) };
  const series = seriesOfMessage(options.table, metric, tagset as Readonly<Record<string, unknown>>, type);
  if ("code" in series) return series;

  for (let index = 0; index < values.length; index++) {
    const point: unknown = values[index];
    if (!Array.isArray(point) || point.length !== 2) return badPoint(point, index);
    const text: unknown = point[0];
    const time = typeof text === "string" ? parseTimestamp(text) : Number.NaN;
    if (Number.isNaN(time)) return badTimestamp(text, index);
    const value = check(point[1]);
    if (value instanceof ValueFault) {
      // What `JSON.parse` made of an integer beyond 2^53 is an integer too, and never a safe one.
      if (type === "tlong" && !exact && Number.isInteger(point[1])) return rounded;
      return { path: `values[${index}][1]`, code: "VALUE_INVALID", reason: value.reason };
    }
    into.add(series, time, value);
  }
  return undefined;
}

const messageKeys: ReadonlySet<string> = new Set(["metric", "tagset", "type", "values"]);
const keyList = [...messageKeys].join(", ");

function badPoint(point: unknown, index: number): MessageFault {
  const found = Array.isArray(point) ? `an array of ${point.length}` : shown(point);
  return invalid(`values[${index}]`, `Cannot accept a data point as it must be [timestamp, value]: it is ${found}`);
}

function badTimestamp(json: unknown, index: number): MessageFault {
  const rule = "it must be ISO 8601 text such as 2020-01-02T03:04:05.678, year 1 to 9999";
  const reason = `Cannot accept a timestamp as ${rule}: it is ${shown(json)}`;
  return { path: `values[${index}][0]`, code: "TIMESTAMP_INVALID", reason };
}

function notA(key: string, rule: string, json: unknown): MessageFault {
  const found = json === undefined ? "missing" : shown(json);
  return invalid(key, `Cannot accept a message as "${key}" must be ${rule}: it is ${found}`);
}

function invalid(path: string, reason: string): MessageFault {
  return { path, code: "MESSAGE_INVALID", reason };
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isMessageLine(line: string): boolean {
  return line.trimStart().startsWith("{") && line.includes('"metric"') && parses(line);
}
