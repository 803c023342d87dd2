import protobuf from "protobufjs";
import { ExactSum } from "../checksum.ts";
import type { Participant } from "../workload.ts";
import { sensorMessages } from "./messages.ts";

const messagePB = protobuf
  .parse(
    `syntax = "proto3";
    message Timestamp { int64 seconds = 1; int32 nanos = 2; }
    message MessagePB {
      message Value { Timestamp datetime = 1; bytes payload = 2; }
      string metric = 1; map<string, string> tagset = 2; string type = 3; repeated Value values = 4;
    }`,
  )
  .root.lookupType("MessagePB");

interface Decoded {
  readonly values: readonly DecodedPoint[];
}

interface DecodedPoint {
  readonly datetime: { readonly seconds: number | { toNumber(): number }; readonly nanos: number };
  readonly payload: Uint8Array;
}

/** The library's own decoder, which makes an object a value and one a timestamp; nothing is read from them on the clock. */
export function intoObjects(pointsOfMessage: number): Participant {
  return {
    name: "protobufjs",
    async open(size) {
      const messages = sensorMessages(size, pointsOfMessage);
      return {
        async prepare() {
          let points = 0;
          return {
            elements: size.rows,
            oneThread: true,
            async run() {
              for (const message of messages) points += decode(message).values.length;
            },
            finish: async () => ({ counts: { rows: points }, sums: sumsOf(messages) }),
          };
        },
      };
    },
  };
}

export const decode = (message: Uint8Array) => messagePB.decode(message) as unknown as Decoded;

/** In ms since the epoch. */
export function timeOf({ datetime: { seconds, nanos } }: DecodedPoint): number {
  return (typeof seconds === "number" ? seconds : seconds.toNumber()) * 1_000 + nanos / 1_000_000;
}

export function payloadOf({ payload }: DecodedPoint): number {
  return new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
}

function sumsOf(messages: readonly Uint8Array[]) {
  const times = new ExactSum();
  const values = new ExactSum();
  for (const message of messages) {
    for (const point of decode(message).values) {
      times.add(timeOf(point));
      values.add(payloadOf(point));
    }
  }
  return { times: times.value, values: values.value };
}
