import assert from "node:assert/strict";
import { test } from "vitest";
import { builtInDerivators } from "../../../blocks/derivators/catalogue.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import { chosenDerivators } from "../../../blocks/rollup/chosen.ts";
import { trail } from "./trail-derivator.ts";

const known = [...builtInDerivators, trail as Derivator];

test("the built-in derivators are always there, and the named ones beside them", () => {
  const names = (chosen: readonly string[]) =>
    chosenDerivators(chosen, known, "it")
      .of("ttext")
      .derivators.map(({ name }) => name);
  assert.deepEqual(names([]), ["count", "first", "last"]);
  assert.deepEqual(names(["trail"]), ["count", "first", "last", "trail"]);
});

test("a derivator that is named twice, or is built in, is there once", () => {
  const chosen = chosenDerivators(["trail", "count", "trail"], known, "it");
  assert.deepEqual(
    chosen.of("ttext").derivators.map(({ name }) => name),
    ["count", "first", "last", "trail"],
  );
});

test("a derivator that nobody brings is refused with those that there are", () => {
  assert.throws(() => chosenDerivators(["p99"], [trail], "rollups"), {
    code: "COMPONENT_UNKNOWN",
    where: { node: "rollups" },
    message: 'Cannot use the derivator "p99" as no plugin brings it: there are "trail"',
  });
});
