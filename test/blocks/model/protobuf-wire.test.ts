import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { decodeProtobufMessage } from "../../../blocks/model/protobuf-message.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { ignoredReceipt, type Point, pointsOf } from "./data-points.ts";
import { messagePB } from "./message-pb.ts";

interface PlainMessage {
  readonly metric: string;
  readonly tagset: Record<string, string>;
  readonly type: string;
  readonly values: readonly { datetime: { seconds: number; nanos: number }; payload: Buffer }[];
}

test("fields in any order and number, unknown ones among them, are read as another implementation reads them", () => {
  const table = new SeriesTable();
  fc.assert(
    fc.property(anyMessage(), (bytes) => {
      const expected = readByPeer(bytes);
      expect(read(bytes, new SeriesTable())).toEqual(expected);
      // The names of some are known by now.
      expect(read(bytes, table)).toEqual(expected);
      expect(read(bytes, table)).toEqual(expected);
    }),
    { numRuns: 3_000 },
  );
});

test("a message with damage is refused, by names that came before as by new ones, or is read as another implementation reads it", () => {
  fc.assert(
    fc.property(usualMessage(), anyDamage(), (bytes, damage) => {
      const table = new SeriesTable();
      read(bytes, table);
      const damaged = damage(bytes);
      const outcome = outcomeOf(() => read(damaged, new SeriesTable()));
      expect(outcomeOf(() => read(damaged, table))).toEqual(outcome);
      if (Array.isArray(outcome)) expect(outcome).toEqual(readByPeer(damaged));
      else expect(outcome).toBeInstanceOf(EngineError);
    }),
    { numRuns: 3_000 },
  );
});

function outcomeOf(run: () => Point[]): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}

function read(bytes: Uint8Array, table: SeriesTable): Point[] {
  const into = new ChunkBuilder(table);
  decodeProtobufMessage(bytes, into, { table });
  return pointsOf(into.build(ignoredReceipt()));
}

function readByPeer(bytes: Uint8Array): Point[] {
  const message = messagePB.toObject(messagePB.decode(bytes), { longs: Number, defaults: true, bytes: Buffer });
  const { metric, tagset, type, values } = message as PlainMessage;
  return values.map(({ datetime: { seconds, nanos }, payload }) => ({
    ...{ metric, tagset, type, time: seconds * 1_000 + Math.floor(nanos / 1_000_000) },
    value: type === "tlong" ? payload.readBigInt64BE() : payload.readDoubleBE(),
  }));
}

/** The bytes of a message without a fault, as a writer may write it that keeps to the wire format and to nothing else. */
function anyMessage(): fc.Arbitrary<Buffer> {
  const values = fc.oneof(usualValue(), anyValue());
  const turned = fieldsInAnyOrder([anyMetric, anyType], anyTag(), values, unknown()).map((fields) => concat(...fields));
  const twice = fc.tuple(usualMessage(), turned).map((messages) => concat(...messages));
  return fc.oneof(usualMessage(), turned, twice);
}

/** Names first, in any order. */
function usualMessage(): fc.Arbitrary<Buffer> {
  const values = fc.oneof({ weight: 9, arbitrary: usualValue() }, { weight: 1, arbitrary: anyValue() });
  return fc
    .tuple(fieldsInAnyOrder([anyMetric, anyType], anyTag()), fc.array(values, { maxLength: 8 }))
    .map(([names, points]) => concat(...names, ...points));
}

/** Some bytes become others, or are cut off. */
function anyDamage(): fc.Arbitrary<(bytes: Buffer) => Buffer> {
  const changes = fc.array(fc.tuple(fc.nat({ max: 1_000 }), fc.nat({ max: 255 })), {
    maxLength: 2,
  });
  return fc.tuple(changes, fc.nat({ max: 30 }), fc.boolean()).map(([places, cut, isCut]) => (bytes) => {
    const damaged = Buffer.from(isCut ? bytes.subarray(0, Math.max(0, bytes.length - cut)) : bytes);
    for (const [place, byte] of places) damaged[place % damaged.length] = byte;
    return damaged;
  });
}

/** In the documented form, of a time with ms. */
function usualValue(): fc.Arbitrary<Buffer> {
  const datetime = fc
    .tuple(fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }), fc.integer({ min: 0, max: 999 }))
    .map(([seconds, ms]) => delimited(1, concat(number(1, seconds), ms === 0 ? [] : number(2, ms * 1_000_000))));
  return fc.tuple(datetime, payload()).map(([time, value]) => delimited(4, concat(time, value)));
}

function anyValue(): fc.Arbitrary<Buffer> {
  const seconds = fc.oneof(
    fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }),
    fc.integer({ min: -3, max: 2 ** 28 + 3 }),
    fc.constantFrom(2 ** 28 - 1, 2 ** 28, 2 ** 35 - 1, 2 ** 35),
  );
  const nanos = fc.oneof(fc.integer({ min: -999_999_999, max: 999_999_999 }), fc.constantFrom(0, 127, 128, 2 ** 28));
  const time = fieldsInAnyOrder(
    [],
    fc.tuple(seconds, padding()).map(([value, bytes]) => number(1, value, bytes)),
    fc.tuple(nanos, padding()).map(([value, bytes]) => number(2, value, bytes)),
    unknown(),
  );
  const datetime = time.map((fields) => delimited(1, concat(...fields)));
  return fieldsInAnyOrder([datetime, payload()], unknown()).map((fields) => delimited(4, concat(...fields)));
}

function payload(): fc.Arbitrary<Buffer> {
  return fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => {
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(double);
    return delimited(2, bytes);
  });
}

function anyTag(): fc.Arbitrary<Buffer> {
  const key = text(1, "a", "b", "place");
  const value = text(2, "", "x", "z", "é", "ü", "y".repeat(130));
  return fieldsInAnyOrder([key], value, unknown()).map((fields) => delimited(2, concat(...fields)));
}

const anyMetric = text(1, "power", "flow", "m", "n");
const anyType = text(3, "tdouble", "tdouble", "tlong");

/** The needed ones, any of them once more, and any number of the others. */
function fieldsInAnyOrder(needed: fc.Arbitrary<Buffer>[], ...others: fc.Arbitrary<Buffer>[]): fc.Arbitrary<Buffer[]> {
  return fc
    .tuple(fc.tuple(...needed), fc.array(fc.oneof(...needed, ...others), { maxLength: 4 }))
    .map((fields) => fields.flat())
    .chain((fields) => fc.shuffledSubarray(fields, { minLength: fields.length }));
}

/** Of each wire type, groups among them. */
function unknown(): fc.Arbitrary<Buffer> {
  return fc.constantFrom(
    number(7, 300),
    number(5, -1),
    Buffer.from("410102030405060708", "hex"),
    delimited(9, Buffer.from("abc")),
    Buffer.from("53080122015454", "hex"),
    Buffer.from("6d01020304", "hex"),
  );
}

function text(id: number, ...texts: string[]): fc.Arbitrary<Buffer> {
  return fc.constantFrom(...texts).map((value) => delimited(id, Buffer.from(value)));
}

/** Bytes that a varint has beyond those it needs. */
function padding(): fc.Arbitrary<number> {
  return fc.constantFrom(0, 0, 1, 3);
}

function number(id: number, value: number, more = 0): Buffer {
  return Buffer.from([id << 3, ...varint(value, more)]);
}

function delimited(id: number, bytes: Uint8Array): Buffer {
  return Buffer.from([(id << 3) | 2, ...varint(bytes.length), ...bytes]);
}

function varint(value: number, more = 0): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (let padded = 0; padded < more && bytes.length < 10; padded += 1) {
    bytes.push((bytes.pop() ?? 0) | 0x80, 0);
  }
  return bytes;
}

function concat(...parts: (Uint8Array | number[])[]): Buffer {
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}
