import { basename } from "node:path";
import { expect, test } from "vitest";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { formatDiagnostics } from "../../config/diagnostic.ts";
import { type GraphReading, readGraphText } from "../../config/graph-file.ts";
import { plan } from "../../graphs/planner.ts";
import { fences } from "./handbook.ts";

// The first line of a block may name its file, as in `# sites/north.yaml`; another block of the page can include it by that name.
const graphs = fences("yaml").map((fence) => ({
  ...fence,
  name: /^# (\S+\.yaml)\b/.exec(fence.text)?.[1] ?? "graph.yaml",
}));
const included = new Set(
  graphs.flatMap(({ text }) => [...text.matchAll(/^include: (\S+)$/gm)].map(([, name]) => name)),
);
// A graph with plugins is run, plugin and all, by `plugins.test.ts`.
const whole = graphs.filter(({ name, text }) => !included.has(name) && !/^plugins:/m.test(text));

function check(graph: (typeof graphs)[number]): Promise<GraphReading> {
  const catalogue = builtInCatalogue();
  return readGraphText(graph.text, graph.name, {
    catalogue,
    environment: {},
    readText: async (file) => {
      const part = graphs.find((one) => one.page === graph.page && basename(one.name) === basename(file));
      if (part === undefined) throw new Error("no block of the page has that name");
      return part.text;
    },
    check: (unchecked, faults) => {
      plan(unchecked, catalogue, faults);
    },
  });
}

test("the handbook has graphs, and whatever is included is there", () => {
  expect(whole.length).toBeGreaterThan(15);
  expect([...included].filter((name) => !graphs.some((graph) => graph.name === name))).toEqual([]);
});

test.each(whole.map((graph) => [`${graph.page}:${graph.line}`, graph] as const))(
  "the graph at %s passes the check",
  async (_place, graph) => {
    const { diagnostics } = await check(graph);
    expect(formatDiagnostics(diagnostics)).toBe("");
  },
);
