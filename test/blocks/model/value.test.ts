import fc from "fast-check";
import { expect, test } from "vitest";
import { checkValue, jsonDepthMax, ValueFault, valueToJson } from "../../../blocks/model/value.ts";
import { anyPoints, customTypes } from "./data-points.ts";

test.each([
  ["tdouble", 1.5, 1.5],
  ["tdouble", 5n, 5],
  ["tlong", 5, 5n],
  ["tlong", 9007199254740991, 9007199254740991n],
  ["tlong", "9007199254740993", 9007199254740993n],
  ["tlong", 2n ** 63n - 1n, 2n ** 63n - 1n],
  ["tlong", "-9223372036854775808", -(2n ** 63n)],
  ["tbool", true, 1],
  ["tbool", false, 0],
  ["ttext", "", ""],
  ["ttext", "héé 😀", "héé 😀"],
  ["ttext", { value: "wrapped" }, "wrapped"],
  ["tbinary", "", new Uint8Array()],
  ["tbinary", "AP8=", new Uint8Array([0, 255])],
  ["pos2d", { latitude: -90, longitude: 180 }, { latitude: -90, longitude: 180 }],
  ["vector", [1, { a: null }], [1, { a: null }]],
])("a %s takes %o", (type, json, column) => {
  expect(checkValue(type, json, customTypes)).toEqual(column);
});

test.each([
  ["tdouble", Number.NaN],
  ["tdouble", Number.POSITIVE_INFINITY],
  ["tdouble", "1.5"],
  ["tdouble", null],
  ["tlong", 1.5],
  ["tlong", 9007199254740992],
  ["tlong", Number.NaN],
  ["tlong", 2n ** 63n],
  ["tlong", "9223372036854775808"],
  ["tlong", "-9223372036854775809"],
  ["tlong", "1.0"],
  ["tlong", "007"],
  ["tlong", ""],
  ["tlong", "0x10"],
  ["tlong", true],
  ["tbool", 1],
  ["tbool", "true"],
  ["ttext", 5],
  ["ttext", { value: 5 }],
  ["ttext", { value: "a", more: "b" }],
  ["ttext", "\ud800"],
  ["tbinary", "AP8"],
  ["tbinary", "AP9="],
  ["tbinary", "A P8="],
  ["tbinary", "_w=="],
  ["tbinary", 5],
  ["pos2d", { latitude: 90.001, longitude: 0 }],
  ["pos2d", { latitude: 0, longitude: -180.001 }],
  ["pos2d", { latitude: 0 }],
  ["pos2d", { latitude: 0, longitude: 0, altitude: 0 }],
  ["pos2d", { latitude: "0", longitude: 0 }],
  ["pos2d", [0, 0]],
  ["matrix", 1],
  ["constructor", 1],
] as const)("a %s refuses %o with a reason", (type, json) => {
  const fault = checkValue(type, json, customTypes);
  expect(fault).toBeInstanceOf(ValueFault);
  expect((fault as ValueFault).reason).toMatch(/^Cannot accept a value as .+: it is .+$/);
});

test("a custom value may be as deep as the limit and no deeper", () => {
  const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels));
  expect(checkValue("vector", nested(jsonDepthMax), customTypes)).not.toBeInstanceOf(ValueFault);
  expect(checkValue("vector", nested(jsonDepthMax + 1), customTypes)).toBeInstanceOf(ValueFault);
});

test("what valueToJson made is checked back into the same value, for all types", () => {
  fc.assert(
    fc.property(anyPoints, (points) => {
      for (const { type, value } of points) {
        expect(checkValue(type, valueToJson(type, value), customTypes)).toEqual(value);
      }
    }),
  );
});
