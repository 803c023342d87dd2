import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { virtualClock } from "../runtime/clock/virtual-clock.ts";
import { assertSameChecksum, type Checksum } from "./checksum.ts";
import type { Sample } from "./measure.ts";
import type { Latency, Workload, WorkloadSize } from "./workload.ts";

/** What all runs of one participant came to. */
export interface Measured {
  readonly name: string;
  /** Elements a second, ascending. */
  readonly rates: readonly number[];
  /** The largest of all runs. */
  readonly rssMb: number;
  /** The largest of all runs, where it is measured. */
  readonly anonymousMb: number | undefined;
  /** Of each run that measured it. */
  readonly latencies: readonly Latency[];
}

/**
 * Runs every participant `runs` times, each time in a fresh process, in rounds of a shuffled order, so that whatever else the
 * machine does falls on all of them.
 *
 * @returns The subject first, then the peers in their order.
 * @throws {AssertionError} where results differ.
 */
export async function interleavedRuns(workload: Workload, size: WorkloadSize, runs: number): Promise<Measured[]> {
  const names = [workload.subject, ...workload.peers].map(({ name }) => name);
  const samples = new Map(names.map((name) => [name, [] as Sample[]]));
  const { random } = virtualClock(0, size.seed);
  let expected: Checksum | undefined;
  for (let round = 0; round < runs; round += 1) {
    for (const name of shuffled(names, random)) {
      const sample = await freshProcess(workload.name, name, size);
      expected ??= sample.checksum;
      assertSameChecksum(name, sample.checksum, expected);
      samples.get(name)?.push(sample);
    }
  }
  return [...samples].map(([name, taken]) => ({
    name,
    rates: taken.map(({ elements, milliseconds }) => (1_000 * elements) / milliseconds).sort((a, b) => a - b),
    rssMb: Math.max(...taken.map(({ rssMb }) => rssMb)),
    anonymousMb: largest(taken.flatMap(({ anonymousMb }) => anonymousMb ?? [])),
    latencies: taken.flatMap(({ latency }) => latency ?? []),
  }));
}

const largest = (numbers: readonly number[]) => (numbers.length === 0 ? undefined : Math.max(...numbers));

const run = promisify(execFile);

async function freshProcess(workload: string, participant: string, { rows, seed }: WorkloadSize): Promise<Sample> {
  const script = fileURLToPath(new URL("participant-process.ts", import.meta.url));
  const loader = ["--expose-gc", "--import", import.meta.resolve("tsx")];
  const given = [workload, participant, String(rows), String(seed)];
  const { stdout } = await run(process.execPath, [...loader, script, ...given]);
  return JSON.parse(stdout) as Sample;
}

/** A copy in random order (Fisher and Yates). */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [order[last], order[other]] = [order[other] as T, order[last] as T];
  }
  return order;
}
