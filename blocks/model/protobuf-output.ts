import { Writer } from "protobufjs/minimal.js";
import { valueText } from "./json-output.ts";
import type { ObservationChunk } from "./observation-chunk.ts";
import type { Series } from "./series.ts";

/**
 * The messages of a chunk as `MessagePB` (see `decodeProtobufMessage`); consecutive rows of one series make one message. The
 * documented form: tlong of 8 bytes, tbool of 1, nanos from 0 to 999,999,999, tags in order of their keys. Fields that hold
 * the default of proto3 are left out.
 */
export function encodeProtobufMessages(chunk: ObservationChunk): Uint8Array[] {
  const messages: Uint8Array[] = [];
  const bytes = new ByteBuilder();
  for (let row = 0; row < chunk.length; ) {
    const index = chunk.series[row] ?? 0;
    const series = chunk.table.at(index);
    bytes.append(messageHead(series));
    for (; row < chunk.length && chunk.series[row] === index; row++) {
      appendValue(bytes, series.type, chunk.time[row] ?? 0, chunk.values[row]);
    }
    messages.push(bytes.take());
  }
  return messages;
}

function appendValue(bytes: ByteBuilder, type: string, time: number, value: unknown): void {
  const seconds = Math.floor(time / 1000);
  const nanos = (time - seconds * 1000) * 1_000_000;
  const text = isFixed(type)
    ? undefined
    : type === "tbinary"
      ? (value as Uint8Array)
      : utf8.encode(valueText(type, value));
  const size = text === undefined ? (type === "tbool" ? 1 : 8) : text.length;
  const datetimeSize = (seconds === 0 ? 0 : 1 + varintSize(seconds)) + (nanos === 0 ? 0 : 1 + varintSize(nanos));
  const valueSize = 2 + datetimeSize + (size === 0 ? 0 : 1 + varintSize(size) + size);

  bytes.reserve(32 + size);
  bytes.byte(0x22);
  bytes.varint(valueSize);
  bytes.byte(0x0a);
  bytes.byte(datetimeSize);
  if (seconds !== 0) {
    bytes.byte(0x08);
    bytes.varint(seconds);
  }
  if (nanos !== 0) {
    bytes.byte(0x10);
    bytes.varint(nanos);
  }
  if (size === 0) return;
  bytes.byte(0x12);
  bytes.varint(size);
  if (text !== undefined) bytes.append(text);
  else if (type === "tdouble") bytes.double(value as number);
  else if (type === "tlong") bytes.long(value as bigint);
  else bytes.byte(value as number);
}

function isFixed(type: string): boolean {
  return type === "tdouble" || type === "tlong" || type === "tbool";
}

/** Metric, tagset and type of a message. Kept as long as its series, whose number the table bounds. */
function messageHead(series: Series): Uint8Array {
  const known = heads.get(series);
  if (known !== undefined) return known;
  const writer = Writer.create().uint32(0x0a).string(series.metric);
  for (const [key, value] of series.tagset) {
    writer.uint32(0x12).fork().uint32(0x0a).string(key).uint32(0x12).string(value).ldelim();
  }
  const head = writer.uint32(0x1a).string(series.type).finish();
  heads.set(series, head);
  return head;
}

const heads = new WeakMap<Series, Uint8Array>();
const utf8 = new TextEncoder();

/** Bytes of the varint of a whole number; 10 where it is negative. */
function varintSize(number: number): number {
  if (number < 0) return 10;
  let size = 1;
  for (let rest = number; rest >= 0x80; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** Bytes of one message after another. `reserve` comes before what it makes room for. */
class ByteBuilder {
  #bytes = new Uint8Array(4096);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  /** Whole numbers within ±2^53; a negative one takes 10 bytes of two's complement. */
  varint(number: number): void {
    if (number < 0) {
      for (let rest = BigInt.asUintN(64, BigInt(number)), index = 0; index < 10; index++, rest >>= 7n) {
        this.byte(Number(rest & 0x7fn) | (index < 9 ? 0x80 : 0));
      }
      return;
    }
    let rest = number;
    for (; rest >= 0x8000_0000; rest = Math.floor(rest / 0x80)) this.byte((rest % 0x80) | 0x80);
    for (; rest >= 0x80; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  double(double: number): void {
    this.#view.setFloat64(this.#length, double);
    this.#length += 8;
  }

  long(long: bigint): void {
    this.#view.setBigInt64(this.#length, long);
    this.#length += 8;
  }

  append(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }
}
