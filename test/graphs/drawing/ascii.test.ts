import fc from "fast-check";
import { expect, test } from "vitest";
import { drawAscii } from "../../../graphs/drawing/ascii.ts";
import { edge, nastyGraph, node, plantGraph } from "./plant-graph.ts";

test("the example is drawn from left to right within 120 columns", () => {
  const drawing = drawAscii(plantGraph);
  expect(drawing).toBe(
    `
┌─────────────────┐                                                                  ╔══════════╗
│ boiler          │─┐                                              ┌─────────writes─►║ main     ║
│ poll/modbus/tcp │ │     ╔══════╗   ┌───────────┐   ┌───────────┐ │                 ║ embedded ║
└─────────────────┘ └─┬──►║ raw  ║──►│ plausible │──►│ rollups   │─┤                 ╚══════════╝
                      │   ║ disk ║   │ filter    │   │ processor │ │
┌────────────────┐    │   ╚══════╝   └───────────┘   └───────────┘ │                 ┌─────────────┐
│ meters         │────┘                                            ├───aggregations─►│ out         │
│ flow/http/json │                                                 │                 │ stdout/json │
└────────────────┘                                                 │                 └─────────────┘
                                                                   │
                                                                   │                 ┌────────────┐
                                                                   └───────rejected─►│ bad        │
                                                                                     │ file/jsonl │
                                                                                     └────────────┘
`.slice(1),
  );
});

test("edges that close a cycle are listed below the drawing", () => {
  const nodes = [node("a", "blocks", "x"), node("b", "blocks", "x")];
  const drawing = drawAscii({ nodes, edges: [edge("a", "b"), edge("b", "a", "again"), edge("a", "a")] });
  expect(drawing).toContain("│ a │──►│ b │");
  expect(drawing).toContain("b.again leads back to a\n");
  expect(drawing).toContain("a.observations leads back to a\n");
});

test("an arrow over several layers passes between the boxes", () => {
  const nodes = ["a", "b", "c"].map((name) => node(name, "blocks", "x"));
  const drawing = drawAscii({ nodes, edges: [edge("a", "b"), edge("b", "c"), edge("a", "c", "late")] });
  expect(drawing).toMatch(/late─►│ [cx] │/);
  expect(drawing).toContain("►│ b │");
});

test("names with control characters do not break the boxes, and no nodes are one sentence", () => {
  expect(drawAscii(nastyGraph)).toContain("│ <b>?`c` │");
  expect(drawAscii({ nodes: [], edges: [] })).toBe("The graph has no nodes.\n");
});

test("any graph is drawn with each of its names, the same each time", () => {
  const names = ["a", "b", "c", "d", "e", "f"];
  const pairs = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 20 });
  fc.assert(
    fc.property(pairs, (wires) => {
      const graph = {
        nodes: names.map((name) => node(name, "blocks", "x")),
        edges: wires.map(([from, to]) => edge(from, to)),
      };
      const drawing = drawAscii(graph);
      for (const name of names) expect(drawing).toContain(`│ ${name} │`);
      expect(drawAscii(graph)).toBe(drawing);
    }),
  );
});
