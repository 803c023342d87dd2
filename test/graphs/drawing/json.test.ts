import { expect, test } from "vitest";
import { drawJson } from "../../../graphs/drawing/json.ts";
import { nastyGraph, plantGraph } from "./plant-graph.ts";

test("the JSON of a graph is the graph, as the file has it", () => {
  expect(JSON.parse(drawJson(plantGraph))).toEqual(plantGraph);
  expect(JSON.parse(drawJson(nastyGraph))).toEqual(nastyGraph);
});
