import { Command, InvalidArgumentError } from "commander";
import { graphSoak } from "./graph-soak.ts";
import { type SoakReport, streamSoak } from "./stream-soak.ts";

interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly only?: string;
}

type Soak = (durationMs: number, seed: number) => Promise<SoakReport>;

const soaks: Readonly<Record<string, Soak>> = { streams: streamSoak, graph: graphSoak };
/** Those that start real servers; they run where they are named. */
const serverSoaks: Readonly<Record<string, () => Promise<Soak>>> = {
  backlog: async () => (await import("./backlog-soak.ts")).backlogSoak,
};
const names = [...Object.keys(soaks), ...Object.keys(serverSoaks)];

await new Command("soak")
  .description(
    "Runs streams and a graph under random load, failure and restart; exit code 1 where something does not hold.",
  )
  .option("--minutes <number>", "how long, at most 1,440; half of it each", minutes, 10)
  .option("--seed <number>", "of what happens", seed, 1)
  .option("--only <soak>", `one of ${names.join(", ")}, for the whole time`)
  .action(soak)
  .parseAsync();

async function soak(options: SoakOptions, command: Command): Promise<void> {
  const { only } = options;
  if (only !== undefined && !names.includes(only)) {
    command.error(`Cannot run "${only}" as the soaks are ${names.join(", ")}`, { exitCode: 2 });
  }
  const named = only === undefined ? undefined : (soaks[only] ?? (await serverSoaks[only]?.()));
  const chosen = only === undefined || named === undefined ? Object.entries(soaks) : [[only, named] as const];
  for (const [name, run] of chosen) {
    const { sentence, heap, faults } = await run((options.minutes * 60_000) / chosen.length, options.seed);
    const megabytes = heap.map((bytes) => (bytes / 2 ** 20).toFixed(1)).join(" ");
    process.stdout.write(`${name}: ${sentence}\n  heap behind a forced collection, MB: ${megabytes}\n`);
    for (const fault of faults) process.stdout.write(`  FAULT ${fault}\n`);
    if (faults.length > 0) process.exitCode = 1;
  }
  reportWhatIsLeft();
}

/** All is over: whatever this process still holds was left behind. */
function reportWhatIsLeft(): void {
  const ours = ["TTYWrap", "PipeWrap", "FSReqCallback", "FSReqPromise"];
  const left = process.getActiveResourcesInfo().filter((kind) => !ours.includes(kind));
  if (left.length === 0) return;
  process.stdout.write(`  FAULT the process still holds ${left.join(", ")}\n`);
  process.exitCode = 1;
}

function minutes(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 1_440)) throw new InvalidArgumentError("It must be above 0 and at most 1440.");
  return value;
}

function seed(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new InvalidArgumentError("It must be a whole number from 0.");
  return value;
}
