import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { coreScalar } from "../../config/core-scalar.ts";
import { substitute, unveil, veil } from "../../config/variables.ts";

const environment = { HOST: "broker", EMPTY: "", NESTED: `\${HOST}` };
const replaced = (text: string) => substitute(text, environment, false).value;
const codes = (text: string) => substitute(text, environment, false).faults.map(({ code }) => code);

test("a variable is replaced, with its default where it is absent or empty", () => {
  assert.equal(replaced(`a \${HOST} b \${HOST}`), "a broker b broker");
  assert.equal(replaced(`\${NONE:-x}\${EMPTY:-y}\${HOST:-z}`), "xybroker");
  assert.equal(replaced(`\${NONE:-}\${EMPTY}`), "");
  assert.equal(replaced(`$\${HOST} $HOST $`), `\${HOST} $HOST $`);
});

test("what comes from a variable is not looked at again", () => {
  assert.equal(replaced(`\${NESTED}`), `\${HOST}`);
});

test("an absent variable, a mandatory empty one and a broken one are faults", () => {
  assert.deepEqual(codes(`\${NONE} \${EMPTY:?fill it}`), ["VARIABLE_MISSING", "VARIABLE_MISSING"]);
  assert.deepEqual(codes(`\${} \${1A} \${A`), ["SETTING_INVALID", "SETTING_INVALID", "SETTING_INVALID"]);
  assert.deepEqual(codes(`\${A:-\${B}}`), ["SETTING_INVALID"]);
});

test("a plain scalar that is one variable is typed by the core schema of YAML", () => {
  const typed = (given: string) => substitute(`\${X}`, { X: given }, true).value;

  assert.deepEqual(["8081", "0x1f", "1.5", "true", "null", "10 s", "08"].map(typed), [
    8081,
    31,
    1.5,
    true,
    null,
    "10 s",
    8,
  ]);
  assert.equal(substitute(`\${X}`, { X: "1" }, false).value, "1");
  assert.equal(substitute(`\${X}\${X}`, { X: "1" }, true).value, "11");
});

test("the core schema knows null, flags and numbers in all their spellings", () => {
  const spelled = ["~", "", "False", "0o17", "-.inf", "+1e3", ".5", "yes", "0b1", "1_000"];

  assert.deepEqual(spelled.map(coreScalar), [null, null, false, 15, -Infinity, 1000, 0.5, "yes", "0b1", "1_000"]);
  assert.ok(Number.isNaN(coreScalar(".nan")));
});

test("a veil keeps every position, and lifting it gives the text back", () => {
  const piece = fc.constantFrom("a", "é", "{", "}", "$", `\${A}`, `$\${B:-x # y}`, "\n", '"', "\ue001");
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const text = pieces.join("");
      assert.equal(veil(text).length, text.length);
      if (!text.includes("\ue001")) assert.equal(unveil(veil(text)), text);
    }),
  );
});
