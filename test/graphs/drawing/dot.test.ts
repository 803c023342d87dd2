import { expect, test } from "vitest";
import { drawDot } from "../../../graphs/drawing/dot.ts";
import type { DrawnGraph } from "../../../graphs/plan.ts";
import { nastyGraph, plantGraph } from "./plant-graph.ts";

const id = '(?:"(?:[^"\\\\\\n]|\\\\.)*"|[A-Za-z_]\\w*)';
const list = `\\[${id}=${id}(?:, ${id}=${id})*\\]`;
const statement = new RegExp(`^  (?:${id}=${id}|(?:node|edge) ${list}|${id}(?: -> ${id})?(?: ${list})?);$`);

/** Lines that are no statement of the DOT language, in the subset that is drawn. */
function faults(graph: DrawnGraph): string[] {
  const lines = drawDot(graph).trimEnd().split("\n");
  const framed = lines[0] === "digraph graph_file {" && lines.at(-1) === "}";
  return framed ? lines.slice(1, -1).filter((line) => !statement.test(line)) : lines;
}

test("every line is a statement, whatever the names", () => {
  expect(faults(plantGraph)).toEqual([]);
  expect(faults(nastyGraph)).toEqual([]);
  expect(statement.test('  "a" -> "b" [label="x"y"];')).toBe(false);
});

test("nodes have the shape of their section, and edges the outlet that is not the first", () => {
  const dot = drawDot(plantGraph);
  expect(dot).toContain('"raw" [label="raw\\ndisk", shape=cylinder];');
  expect(dot).toContain('"boiler" -> "raw";');
  expect(dot).toContain('"rollups" -> "out" [label="aggregations"];');
  expect(dot).toContain('"rollups" -> "main" [style="dashed"];');
  expect(dot.split("\n").filter((line) => line.includes("->"))).toHaveLength(7);
});

test("an edge to a node that is not there is left out", () => {
  expect(drawDot(nastyGraph)).not.toContain("nowhere");
});
