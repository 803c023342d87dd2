import assert from "node:assert/strict";
import type { ComponentDefinition } from "../blocks/model/component.ts";
import { builtInCatalogue } from "../cli/catalogue.ts";
import { readGraphText } from "../config/graph-file.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import type { Plan } from "../graphs/plan.ts";
import { plan } from "../graphs/planner.ts";

/** The plan of a graph text that is sound, with components of the benchmark's own. */
export async function plannedGraph(
  text: string,
  ...own: readonly ComponentDefinition[]
): Promise<{ planned: Plan; catalogue: Catalogue }> {
  const catalogue = builtInCatalogue();
  for (const definition of own) catalogue.add(definition);
  let planned: Plan | undefined;
  const { diagnostics } = await readGraphText(text, "bench.yaml", {
    catalogue,
    environment: {},
    readText: () => assert.fail("the graph includes nothing"),
    check: (graph, faults) => {
      planned = plan(graph, catalogue, faults);
    },
  });
  assert.deepEqual(diagnostics, []);
  assert(planned !== undefined, "a sound graph has a plan");
  return { planned, catalogue };
}
