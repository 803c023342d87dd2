import { type Diagnostic, formatDiagnostics } from "../config/diagnostic.ts";
import { readGraphFile } from "../config/graph-file.ts";
import type { Override } from "../config/override.ts";
import type { Catalogue } from "../graphs/catalogue.ts";
import type { Plan } from "../graphs/plan.ts";
import { plan } from "../graphs/planner.ts";
import { catalogueFor } from "./catalogue.ts";
import { Failure, exitCodes } from "./exit.ts";

/** A graph file, read, checked and planned. */
export interface LoadedGraph {
  readonly catalogue: Catalogue;
  /** Absent where the file has errors. */
  readonly plan: Plan | undefined;
  /** Of the settings and of the wiring, in order of their places. */
  readonly diagnostics: readonly Diagnostic[];
}

export async function loadGraph(file: string, overrides: readonly Override[] = []): Promise<LoadedGraph> {
  const { catalogue, faults: pluginFaults } = await catalogueFor(file);
  let planned: Plan | undefined;
  const { graph, diagnostics } = await readGraphFile(file, {
    catalogue,
    environment: process.env,
    overrides,
    check: (unchecked, faults) => {
      for (const { at, error } of pluginFaults) faults.error(error.code, at, error.message);
      planned = plan(unchecked, catalogue, faults);
    },
  });
  // What is unknown may be what the plugin would have brought.
  const shown = diagnostics.filter(({ code }) => pluginFaults.length === 0 || code !== "COMPONENT_UNKNOWN");
  return { catalogue, plan: graph === undefined ? undefined : planned, diagnostics: shown };
}

/**
 * A graph that must be sound; warnings are printed.
 *
 * @throws {Failure} with every diagnostic: exit code 3 where the file cannot be read, else 1.
 */
export async function soundGraph(
  file: string,
  overrides: readonly Override[] = [],
): Promise<{ readonly catalogue: Catalogue; readonly plan: Plan }> {
  const { catalogue, plan: planned, diagnostics } = await loadGraph(file, overrides);
  if (planned === undefined) {
    const unreadable = diagnostics.every(({ code }) => code === "PATH_UNREADABLE");
    throw new Failure(unreadable ? exitCodes.outside : exitCodes.wrong, formatDiagnostics(diagnostics));
  }
  if (diagnostics.length > 0) process.stderr.write(`${formatDiagnostics(diagnostics)}\n`);
  return { catalogue, plan: planned };
}

/** `path=value`, as given to `--set`. */
export function readOverride(text: string): Override {
  const at = text.indexOf("=");
  if (at <= 0) throw new Failure(exitCodes.usage, `Cannot use --set as it must be path=value: it is "${text}"`);
  return { path: text.slice(0, at), value: text.slice(at + 1) };
}
