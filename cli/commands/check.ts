import { formatDiagnostics } from "../../config/diagnostic.ts";
import { Failure, exitCodes } from "../exit.ts";
import { loadGraph, readOverride } from "../loaded-graph.ts";

/** Checks graph files: prints every fault of every file; exit code 1 where there is an error. */
export async function check(files: readonly string[], options: { set?: string[]; json?: boolean }): Promise<void> {
  const overrides = (options.set ?? []).map(readOverride);
  const all = [];
  let unreadable = 0;
  for (const file of files) {
    const { diagnostics, plan } = await loadGraph(file, overrides);
    all.push(...diagnostics);
    if (diagnostics.some(({ code, file: at }) => code === "PATH_UNREADABLE" && at === file)) unreadable += 1;
    if (options.json === true) continue;
    if (diagnostics.length > 0) process.stdout.write(`${formatDiagnostics(diagnostics)}\n`);
    if (plan !== undefined) {
      const { nodes } = plan.graph;
      process.stdout.write(`${file}: ${nodes.length} nodes, ${plan.segments.length} segments, no errors\n`);
    }
  }
  if (options.json === true) process.stdout.write(`${JSON.stringify(all)}\n`);
  const errors = all.filter(({ severity }) => severity === "error").length;
  if (errors === 0) return;
  const code = unreadable === files.length ? exitCodes.outside : exitCodes.wrong;
  throw new Failure(code, `${errors} ${errors === 1 ? "error" : "errors"}`);
}
