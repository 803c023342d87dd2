import { Command, InvalidArgumentError } from "commander";
import { interleavedRuns } from "./interleaved-runs.ts";
import { jsonLines, table } from "./report.ts";
import { longWorkloads, serverWorkloads, workloads } from "./workloads.ts";

interface BenchOptions {
  readonly json?: boolean;
  readonly runs: number;
  readonly seed: number;
  readonly rows?: number;
}

const everyWorkload = { ...workloads, ...longWorkloads, ...serverWorkloads };

await new Command("bench")
  .description("Measures the engine and its peers side by side, and reports the ratio.")
  .argument(
    "[names...]",
    `workloads: ${Object.keys(everyWorkload).join(", ")}; all that are quick and need no server unless told`,
  )
  .option("--json", "one object a line, and nothing else on stdout")
  .option("--runs <count>", "runs of each participant, each in a fresh process", wholeNumber, 5)
  .option("--seed <number>", "of the data and of the order of runs", wholeNumber, 1)
  .option("--rows <count>", "distinct observations; each workload has its own default", wholeNumber)
  .action(bench)
  .parseAsync();

async function bench(names: string[], { json, runs, seed, rows }: BenchOptions, command: Command): Promise<void> {
  const known = Object.keys(everyWorkload);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    command.error(`Cannot run "${unknown}" as the workloads are ${known.join(", ")}`, { exitCode: 2 });
  }
  for (const [name, load] of Object.entries(names.length > 0 ? everyWorkload : workloads)) {
    if (names.length > 0 && !names.includes(name)) continue;
    const workload = await load();
    const size = { rows: rows ?? workload.rowsDefault, seed };
    const measured = await interleavedRuns(workload, size, runs);
    const report = json === true ? jsonLines : table;
    process.stdout.write(report(workload, measured, size, runs));
  }
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}
