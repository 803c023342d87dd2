import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { DecodeOptions } from "../../../blocks/model/json-message.ts";
import { valueText } from "../../../blocks/model/json-output.ts";
import { decodeProtobufMessage } from "../../../blocks/model/protobuf-message.ts";
import { encodeProtobufMessages } from "../../../blocks/model/protobuf-output.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { parseTimestamp } from "../../../blocks/model/timestamp.ts";
import { EngineError } from "../../../runtime/errors.ts";
import { anyPoints, chunksOf, customTypes, ignoredReceipt, type Point, pointsOf } from "./data-points.ts";
import { messagePB } from "./message-pb.ts";

interface PlainValue {
  datetime?: { seconds?: number; nanos?: number };
  payload?: Uint8Array;
}

function encodePlain(type: string, values: readonly PlainValue[], names: object = { metric: "m" }): Uint8Array {
  return messagePB.encode(messagePB.fromObject({ ...names, type, values })).finish();
}

function decode(bytes: Uint8Array, options: Partial<DecodeOptions> = {}): Point[] {
  const table = options.table ?? new SeriesTable(1_000_000, customTypes);
  const into = new ChunkBuilder(table);
  const added = decodeProtobufMessage(bytes, into, { ...options, table });
  const points = pointsOf(into.build(ignoredReceipt()));
  expect(points.length).toBe(added);
  return points;
}

const sensorHex =
  "0a096d795f73656e736f72120b0a056f776e657212026d67120c0a0673746174757312026f6b1a0774646f75626c6522120a0608bfa699ec05" +
  "1208404515604189374c22120a0608daa699ec0512084094e6eeb1c432ca";
const sensor = { metric: "my_sensor", tagset: { owner: "mg", status: "ok" }, type: "tdouble" };
const sensorPoints = [
  { ...sensor, time: parseTimestamp("2019-09-21T16:43:43"), value: 42.167 },
  { ...sensor, time: parseTimestamp("2019-09-21T16:44:10"), value: 1337.7331 },
];
const sampleHex =
  "0a156d792d74656d70657261747572652d73656e736f72120f0a077175616c6974791204676f6f64120f0a056f776e657212066d7973656c66" +
  "1a0774646f75626c6522180a0c08a5bbb5f0051080eba5c30212084045111d14e3bcd322170a0b08a6bbb5f00510c0a9d33a1208408475c28f5c28f6";

test("the vectors of the format are decoded, and encoded byte for byte where the tags are in order", () => {
  expect(decode(Buffer.from(sensorHex, "hex"))).toEqual(sensorPoints);
  const [encoded, ...others] = chunksOf(sensorPoints).flatMap(encodeProtobufMessages);
  expect(Buffer.from(encoded ?? []).toString("hex")).toBe(sensorHex);
  expect(others).toEqual([]);

  const sample = { metric: "my-temperature-sensor", tagset: { quality: "good", owner: "myself" }, type: "tdouble" };
  const samplePoints = [
    { ...sample, time: parseTimestamp("2020-01-02T03:04:05.678"), value: 42.1337 },
    { ...sample, time: parseTimestamp("2020-01-02T03:04:06.123"), value: 654.72 },
  ];
  expect(decode(Buffer.from(sampleHex, "hex"))).toEqual(samplePoints);
  // The vector lists "quality" first; ours come in order of their keys.
  const inOrder = sampleHex.replace(
    "120f0a077175616c6974791204676f6f64120f0a056f776e657212066d7973656c66",
    "120f0a056f776e657212066d7973656c66120f0a077175616c6974791204676f6f64",
  );
  const [again] = chunksOf(samplePoints).flatMap(encodeProtobufMessages);
  expect(Buffer.from(again ?? []).toString("hex")).toBe(inOrder);
});

test.each([
  [0n, "0000000000000000", "00"],
  [42n, "000000000000002a", "2a"],
  [128n, "0000000000000080", "0080"],
  [255n, "00000000000000ff", "00ff"],
  [-1n, "ffffffffffffffff", "ff"],
  [-128n, "ffffffffffffff80", "80"],
  [-129n, "ffffffffffffff7f", "ff7f"],
  [2n ** 53n, "0020000000000000", "20000000000000"],
  [2n ** 63n - 1n, "7fffffffffffffff", "7fffffffffffffff"],
  [-(2n ** 63n), "8000000000000000", "8000000000000000"],
])("the tlong %s has 8 bytes when written, and is read from 8 and from as few as hold it", (long, full, short) => {
  for (const hex of [full, short]) {
    const bytes = encodePlain("tlong", [{ datetime: { seconds: 1 }, payload: Buffer.from(hex, "hex") }]);
    expect(decode(bytes)).toEqual([{ metric: "m", tagset: {}, type: "tlong", time: 1000, value: long }]);
  }
  const [written] = chunksOf([{ metric: "m", tagset: {}, type: "tlong", time: 1000, value: long }]).flatMap(
    encodeProtobufMessages,
  );
  expect(
    Buffer.from(written ?? [])
      .toString("hex")
      .endsWith(`1208${full}`),
  ).toBe(true);
});

test.each([
  [{}, 0],
  [{ nanos: 1_999_999 }, 1],
  [{ seconds: -1, nanos: 500_000_000 }, -500],
  [{ seconds: -1, nanos: -500_000_000 }, -1500],
  [{ nanos: -1_000_000 }, -1],
  [{ seconds: -62_135_596_800 }, -62_135_596_800_000],
  [{ seconds: 253_402_300_799, nanos: 999_999_999 }, 253_402_300_799_999],
])("the datetime %j is %d ms", (datetime, time) => {
  const [point] = decode(encodePlain("tbool", [{ datetime, payload: Uint8Array.of(1) }]));
  expect(point?.time).toBe(time);
});

test.each([
  ["tbool", "00", 0],
  ["tbool", "02", 1],
  ["tbool", Buffer.from("true").toString("hex"), 1],
  ["tbool", Buffer.from("false").toString("hex"), 0],
  ["ttext", Buffer.from('"é"').toString("hex"), "é"],
  ["tbinary", "00ff", new Uint8Array([0, 255])],
  ["tbinary", "", new Uint8Array()],
  ["pos2d", Buffer.from('{"latitude":1,"longitude":2}').toString("hex"), { latitude: 1, longitude: 2 }],
  ["vector", Buffer.from("[1,2]").toString("hex"), [1, 2]],
])("a %s is read from the payload %s", (type, hex, value) => {
  const [point] = decode(encodePlain(type, [{ datetime: {}, payload: Buffer.from(hex, "hex") }]));
  expect(point?.value).toEqual(value);
});

const one = { datetime: { seconds: 1 }, payload: Uint8Array.of(1) };
test.each([
  ["no metric", encodePlain("tbool", [one], {}), "MESSAGE_INVALID"],
  ["an unknown type", encodePlain("nope", [one]), "VALUE_INVALID"],
  ["no datetime", encodePlain("tbool", [one, { payload: Uint8Array.of(1) }]), "TIMESTAMP_INVALID"],
  ["a year 0", encodePlain("tbool", [one, { ...one, datetime: { seconds: -62_135_596_801 } }]), "TIMESTAMP_INVALID"],
  [
    "a year 10000",
    encodePlain("tbool", [one, { ...one, datetime: { seconds: 253_402_300_800 } }]),
    "TIMESTAMP_INVALID",
  ],
  ["nanos of a second", encodePlain("tbool", [one, { ...one, datetime: { nanos: 1e9 } }]), "TIMESTAMP_INVALID"],
  ["no payload", encodePlain("tbool", [one, { datetime: {} }]), "VALUE_INVALID"],
  ["a tbool of two bytes", encodePlain("tbool", [one, { ...one, payload: Uint8Array.of(0, 1) }]), "VALUE_INVALID"],
  ["a tlong of nine bytes", encodePlain("tlong", [one, { ...one, payload: new Uint8Array(9) }]), "VALUE_INVALID"],
  ["a tdouble of four bytes", encodePlain("tdouble", [{ ...one, payload: new Uint8Array(4) }]), "VALUE_INVALID"],
  ["NaN", encodePlain("tdouble", [{ ...one, payload: Buffer.from("7ff8000000000000", "hex") }]), "VALUE_INVALID"],
  ["text that is no JSON", encodePlain("ttext", [{ ...one, payload: Buffer.from("abc") }]), "VALUE_INVALID"],
  [
    "text that is no UTF-8",
    encodePlain("ttext", [{ ...one, payload: Uint8Array.of(0x22, 0xff, 0x22) }]),
    "VALUE_INVALID",
  ],
  ["a metric that is no UTF-8", Uint8Array.of(0x0a, 1, 0xff), "MESSAGE_INVALID"],
  ["a cut message", Buffer.from(sensorHex, "hex").subarray(0, 60), "MESSAGE_INVALID"],
  ["a value longer than its field", Buffer.from("0a016d1a05746c6f6e672204120508010102", "hex"), "MESSAGE_INVALID"],
  ["no Protobuf", Buffer.from('{"metric":"m"}'), "MESSAGE_INVALID"],
])("a message with %s is refused as a whole", (_, bytes, code) => {
  const table = new SeriesTable(1_000_000, customTypes);
  const into = new ChunkBuilder(table);
  const refuse = () => decodeProtobufMessage(bytes, into, { table });
  expect(refuse).toThrow(EngineError);
  expect(refuse).toThrow(expect.objectContaining({ code }));
  expect(into.rows).toBe(0);
});

test("a fault says at which byte it is", () => {
  const cut = Buffer.from(sensorHex, "hex").subarray(0, 60);
  expect(() => decode(cut)).toThrow(/at byte \d+$/);
  const short = encodePlain("tdouble", [{ datetime: { seconds: 1 }, payload: new Uint8Array(4) }]);
  expect(() => decode(short)).toThrow(`at byte ${short.length - 4} as`);
});

test("a message with more points than the limit is refused, one with as many is not", () => {
  const bytes = encodePlain("tbool", [one, one]);
  expect(decode(bytes, { pointsMax: 2 }).length).toBe(2);
  expect(() => decode(bytes, { pointsMax: 1 })).toThrow(expect.objectContaining({ code: "SIZE_LIMIT" }));
});

test("names may stand behind the values, and unknown fields are skipped", () => {
  const message = Buffer.from(sensorHex, "hex");
  const split = sensorHex.indexOf("22120a06") / 2;
  const unknown = Buffer.from("3807420361626329010203040506070835010203044b08014c", "hex");
  const turned = Buffer.concat([unknown, message.subarray(split), unknown, message.subarray(0, split), unknown]);
  expect(decode(turned)).toEqual(sensorPoints);
});

test("a tag called __proto__ is kept as a tag", () => {
  const entry = Buffer.concat([Buffer.from("120e0a09", "hex"), Buffer.from("__proto__"), Buffer.from("120178", "hex")]);
  const [point] = decode(Buffer.concat([entry, encodePlain("tbool", [one])]));
  expect(Object.entries(point?.tagset ?? {})).toEqual([["__proto__", "x"]]);
});

test("what was encoded is decoded into the same data points, for all types", () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      const chunks = chunksOf(points);
      const decoded = chunks.flatMap(encodeProtobufMessages).flatMap((bytes) => decode(bytes));
      expect(decoded).toEqual(pointsOf(chunks));
    }),
    { numRuns: 500 },
  );
});

test("another implementation of the schema reads what is encoded, and its bytes are read back", () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      for (const chunk of chunksOf(points)) {
        for (const bytes of encodeProtobufMessages(chunk)) {
          const read = messagePB.decode(bytes);
          const plain = messagePB.toObject(read, { longs: Number, defaults: true }) as {
            metric: string;
            type: string;
            tagset: Record<string, string>;
            values: { datetime: { seconds: number; nanos: number }; payload: Uint8Array }[];
          };
          const ours = decode(bytes);
          expect(plain.values.length).toBe(ours.length);
          plain.values.forEach(({ datetime, payload }, row) => {
            const point = ours[row];
            expect([plain.metric, plain.type]).toEqual([point?.metric, point?.type]);
            expect(datetime.nanos).toBeGreaterThanOrEqual(0);
            expect(datetime.seconds * 1000 + datetime.nanos / 1_000_000).toBe(point?.time);
            if (plain.type === "ttext") expect(Buffer.from(payload).toString()).toBe(valueText("ttext", point?.value));
          });
          expect(decode(messagePB.encode(read).finish())).toEqual(ours);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("any bytes are a message or an error of the engine, and then nothing is added", () => {
  const valid = Buffer.from(sampleHex, "hex");
  const damaged = fc
    .array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    .map((changes) => {
      const bytes = new Uint8Array(valid);
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    });
  const cut = fc.nat({ max: valid.length }).map((length) => valid.subarray(0, length));
  fc.assert(
    fc.property(fc.oneof(damaged, cut, fc.uint8Array({ maxLength: 40 })), (bytes) => {
      const table = new SeriesTable(1_000_000, customTypes);
      const into = new ChunkBuilder(table);
      try {
        expect(decodeProtobufMessage(bytes, into, { table })).toBe(into.rows);
      } catch (error) {
        expect(error).toBeInstanceOf(EngineError);
        expect(into.rows).toBe(0);
      }
    }),
    { numRuns: 3000 },
  );
});

test("a message whose names came before in the same bytes is decoded as at first, and whatever differs is told apart", () => {
  const table = new SeriesTable();
  const value = { datetime: { seconds: 1, nanos: 2_000_000 }, payload: Buffer.from("404515604189374c", "hex") };
  const names = encodePlain("tdouble", []);
  const tags = encodePlain("", [], { tagset: { a: "b" } });
  const values = encodePlain("", [value], {});
  const message = (...parts: Uint8Array[]) => decode(Buffer.concat(parts), { table });
  const plain = { metric: "m", tagset: {}, type: "tdouble", time: 1_002, value: 42.167 };
  const tagged = { ...plain, tagset: { a: "b" } };
  for (let round = 0; round < 2; round += 1) {
    expect(message(names, values, tags)).toEqual([tagged]);
    expect(message(names, values)).toEqual([plain]);
    expect(message(names, tags, values)).toEqual([tagged]);
    expect(message(names, values, names, values)).toEqual([plain, plain]);
    expect(message(values, names)).toEqual([plain]);
    expect(message(names, tags, values, values)).toEqual([tagged, tagged]);
  }
});

test("a fault of a message whose names are known is told as at first, and nothing of it is added", () => {
  const table = new SeriesTable();
  const good = { datetime: { seconds: 1 }, payload: new Uint8Array(8) };
  expect(decode(encodePlain("tdouble", [good]), { table }).length).toBe(1);
  const faults = [
    { ...good, payload: new Uint8Array(7) },
    { ...good, payload: Buffer.from("7ff0000000000000", "hex") },
    { ...good, datetime: { seconds: 253_402_300_800 } },
    { ...good, datetime: { nanos: 1_000_000_000 } },
  ];
  for (const fault of faults) {
    const bytes = encodePlain("tdouble", [good, fault]);
    const into = new ChunkBuilder(table);
    const told = (from: SeriesTable) => {
      try {
        decodeProtobufMessage(bytes, into, { table: from });
        return "nothing";
      } catch (error) {
        return error instanceof EngineError ? `${error.code} ${error.message}` : "a bug";
      }
    };
    expect(told(table)).toBe(told(new SeriesTable()));
    expect(told(table)).toMatch(/^(VALUE|TIMESTAMP)_INVALID/);
    expect(into.rows).toBe(0);
  }
  const two = encodePlain("tdouble", [good, good]);
  expect(() => decode(two, { table, pointsMax: 1 })).toThrow("at most 1 data points");
  expect(decode(two, { table, pointsMax: 2 }).length).toBe(2);
});
