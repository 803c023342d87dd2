import { expect, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { decodeJsonMessages } from "../../../blocks/model/json-message.ts";
import { messagesOf } from "../../../blocks/model/json-output.ts";
import { decodeProtobufMessage } from "../../../blocks/model/protobuf-message.ts";
import { encodeProtobufMessages } from "../../../blocks/model/protobuf-output.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { defineType } from "../../../blocks/model/type-definition.ts";
import { decimal, integer, record } from "../../../config/declare.ts";
import { ignoredReceipt } from "./data-points.ts";

const color = defineType({
  name: "color",
  summary: "Red, green and blue.",
  schema: record({ red: integer("0 to 255.", { min: 0, max: 255 }), alpha: decimal("0 to 1.", { optional: true }) }),
});

const body = (type: string, value: unknown) =>
  JSON.stringify({ metric: "lamp", tagset: {}, type, values: [["2024-01-01T00:00:00", value]] });

test("values of a type of a plugin go through JSON and Protobuf as they came", () => {
  const table = new SeriesTable(10, new Map([["color", color]]));
  const read = new ChunkBuilder(table);
  expect(decodeJsonMessages(body("color", { alpha: 0.5, red: 255 }), read, { table }).rejected).toEqual([]);
  const [chunk] = read.build(ignoredReceipt());
  expect([...messagesOf(chunk as never)]).toEqual([body("color", { alpha: 0.5, red: 255 })]);
  const again = new ChunkBuilder(table);
  for (const bytes of encodeProtobufMessages(chunk as never)) decodeProtobufMessage(bytes, again, { table });
  expect(again.build(ignoredReceipt())[0]?.values[0]).toEqual({ alpha: 0.5, red: 255 });
});

test("what the schema does not take is refused with its reason", () => {
  const table = new SeriesTable(10, new Map([["color", color]]));
  const { rejected } = decodeJsonMessages(body("color", { red: 256 }), new ChunkBuilder(table), { table });
  expect(rejected).toMatchObject([{ code: "VALUE_INVALID", path: "values[0][1]" }]);
  expect(rejected[0]?.reason).toMatch(/^Cannot accept a value as color: .* at red$/);
});

test("the types of one graph are unknown to another", () => {
  const table = new SeriesTable();
  const { rejected } = decodeJsonMessages(body("color", { red: 1 }), new ChunkBuilder(table), { table });
  expect(rejected).toMatchObject([{ code: "VALUE_INVALID", path: "type" }]);
});

test("a metric whose type changes makes two series", () => {
  const table = new SeriesTable(10, new Map([["color", color]]));
  const into = new ChunkBuilder(table);
  decodeJsonMessages(`${body("color", { red: 1 })}\n${body("tlong", 1)}`, into, { table });
  expect(into.build(ignoredReceipt()).map((chunk) => table.at(chunk.series[0] as number).type)).toEqual([
    "tlong",
    "color",
  ]);
});
