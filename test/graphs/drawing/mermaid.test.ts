import { expect, test } from "vitest";
import { drawMermaid } from "../../../graphs/drawing/mermaid.ts";
import { nastyGraph, plantGraph } from "./plant-graph.ts";

test("each section has its shape, and an edge its outlet where that is not the first", () => {
  const lines = drawMermaid(plantGraph).split("\n");
  expect(lines[0]).toBe("flowchart LR");
  expect(lines).toContain('  n1(["boiler<br/>poll/modbus/tcp"]):::sources');
  expect(lines).toContain('  n3[("raw<br/>disk")]:::buffers');
  expect(lines).toContain('  n5["rollups<br/>processor"]:::blocks');
  expect(lines).toContain('  n6[["out<br/>stdout/json"]]:::sinks');
  expect(lines).toContain('  n0[("main<br/>embedded")]:::stores');
  expect(lines).toContain("  n1 --> n3");
  expect(lines).toContain('  n5 -->|"aggregations"| n6');
  expect(lines).toContain("  n5 -.-> n0");
});

test("no name can end its label", () => {
  const lines = drawMermaid(nastyGraph).split("\n");
  expect(lines[1]).toBe('  n0["a#34;#93;#59; b<br/>x#92;"]:::blocks');
  expect(lines[2]).toBe('  n1[["#60;b#62;#10;#96;c#96;<br/>#35;1#59;#124;"]]:::sinks');
  expect(lines[3]).toBe('  n0 -->|"o#34;#124;x"| n1');
});
