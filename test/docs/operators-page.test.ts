import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { operatorsPage } from "../../tools/operators-page.ts";
import { root } from "../millrace-process.ts";
import { exempt } from "../runtime/reactive-streams/exempt-operators.ts";
import { publicOperators } from "../runtime/reactive-streams/public-operators.ts";

test("docs/reference/operators.md is what `npm run docs` writes", () => {
  expect(readFileSync(join(root, "docs/reference/operators.md"), "utf8")).toBe(operatorsPage().text);
});

test("every public operator states all six lines of its contract", () => {
  expect(operatorsPage().faults).toEqual([]);
});

test("the page has a part for every public operator", () => {
  const { titles } = operatorsPage();
  const missing = publicOperators().filter((name) => !Object.hasOwn(exempt, name) && !titles.includes(name));
  // It builds graphs, and what they promise is what their stages do.
  expect(missing).toEqual(["GraphDSL.create"]);
  expect(titles).toEqual(expect.arrayContaining(["Flow.inWorker", "pooled", "mergeSubstreams", "concatSubstreams"]));
});
