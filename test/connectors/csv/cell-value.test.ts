import { expect, test } from "vitest";
import { ValueFault } from "../../../blocks/model/value.ts";
import { cellReader } from "../../../connectors/csv/cell-value.ts";

const read = (type: string, cell: string) => {
  const value = cellReader(type)?.(cell);
  return value instanceof ValueFault ? "fault" : value;
};

test.each([
  ["tdouble", "1.5", 1.5],
  ["tdouble", " -1e3 ", -1000],
  ["tdouble", ".5", 0.5],
  ["tdouble", "+2.", 2],
  ["tdouble", "1,5", "fault"],
  ["tdouble", "0x10", "fault"],
  ["tdouble", "NaN", "fault"],
  ["tdouble", "1e999", "fault"],
  ["tlong", "9007199254740993", 9007199254740993n],
  ["tlong", "+7", 7n],
  ["tlong", "1.0", "fault"],
  ["tlong", "9223372036854775808", "fault"],
  ["tbool", "TRUE", 1],
  ["tbool", "0", 0],
  ["tbool", "2", "fault"],
  ["ttext", " as it is ", " as it is "],
  ["pos2d", '{"latitude":1,"longitude":2}', { latitude: 1, longitude: 2 }],
  ["pos2d", "1 2", "fault"],
])("a cell of type %s that reads %s gives %s", (type, cell, expected) => {
  expect(read(type, cell)).toEqual(expected);
});

test("a binary cell is base64", () => {
  expect(read("tbinary", "AQI=")).toEqual(new Uint8Array([1, 2]));
});

test("a type that nobody knows has no reader", () => {
  expect(cellReader("tnone")).toBeUndefined();
});
