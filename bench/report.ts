import { cpus } from "node:os";
import type { Measured } from "./interleaved-runs.ts";
import type { Latency, Workload, WorkloadSize } from "./workload.ts";

/**
 * One line for each peer, as data. Rates are medians, elements a second. Where latency is measured, its medians in milliseconds
 * follow, and where the workload tells more, that does too.
 */
export function jsonLines(
  workload: Workload,
  measured: readonly Measured[],
  { seed }: WorkloadSize,
  runs: number,
): string {
  const [subject, ...peers] = measured;
  if (subject === undefined) return "";
  const lines = peers.map((peer) =>
    JSON.stringify({
      workload: workload.name,
      subject: subject.name,
      peer: peer.name,
      subject_rate: Math.round(rateOf(subject)),
      peer_rate: Math.round(rateOf(peer)),
      ratio: Number((rateOf(subject) / rateOf(peer)).toPrecision(3)),
      rss_mb: Math.round(subject.rssMb),
      ...memory(workload, subject),
      node: process.version,
      seed,
      runs,
      ...latencies(subject, peer),
      ...rounded(workload.figures?.(rateOf(subject), rateOf(peer), peer.name) ?? {}),
    }),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** What the subject took of its own, and whether that is what is claimed. */
function memory({ memoryMaxMb }: Workload, { anonymousMb }: Measured): Record<string, number | boolean> {
  if (anonymousMb === undefined) return {};
  const own = { anonymous_mb: Math.round(anonymousMb) };
  return memoryMaxMb === undefined ? own : { ...own, memory_max_mb: memoryMaxMb, within: anonymousMb < memoryMaxMb };
}

function latencies(subject: Measured, peer: Measured): Record<string, number> {
  if (subject.latencies.length === 0) return {};
  return rounded({
    p50_ms: latencyOf(subject, "p50"),
    p99_ms: latencyOf(subject, "p99"),
    peer_p50_ms: latencyOf(peer, "p50"),
    peer_p99_ms: latencyOf(peer, "p99"),
  });
}

function rounded(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, Number(value.toPrecision(3))]));
}

/** The same for people: a row for each participant, and the machine. */
export function table(workload: Workload, measured: readonly Measured[], size: WorkloadSize, runs: number): string {
  const subjectRate = rateOf(measured[0] as Measured);
  const timed = measured.some(({ latencies: taken }) => taken.length > 0);
  const own = measured.some(({ anonymousMb }) => anonymousMb !== undefined);
  const rows = measured.map((one) => [
    one.name,
    millions(rateOf(one)),
    `${millions(one.rates[0])}..${millions(one.rates.at(-1))}`,
    (subjectRate / rateOf(one)).toFixed(2),
    one.rssMb.toFixed(0),
    ...(own ? [one.anonymousMb?.toFixed(0) ?? ""] : []),
    ...(timed ? [latencyOf(one, "p50").toFixed(3), latencyOf(one, "p99").toFixed(3)] : []),
    ...Object.entries(workload.figures?.(subjectRate, rateOf(one), one.name) ?? {}).map(
      ([key, value]) => `${key} ${value.toPrecision(3)}`,
    ),
  ]);
  const cells = [
    ["", "M/s", "min..max", "ratio", "RSS MB", ...(own ? ["own MB"] : []), ...(timed ? ["p50 ms", "p99 ms"] : [])],
    ...rows,
  ];
  const columns = Array.from({ length: Math.max(...cells.map((row) => row.length)) }, (_, column) => column);
  const widths = columns.map((column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const processors = cpus();
  const machine = `${processors[0]?.model.trim()}, ${processors.length} cores, Node ${process.version}`;
  const title = `${workload.name}: ${size.rows} rows, seed ${size.seed}, ${runs} runs; ratio is ${measured[0]?.name} to the other`;
  return `${[title, ...lines, ...claim(workload, measured[0]), machine].join("\n")}\n\n`;
}

function claim({ memoryMaxMb }: Workload, subject: Measured | undefined): string[] {
  const { name, anonymousMb } = subject ?? {};
  if (memoryMaxMb === undefined || anonymousMb === undefined) return [];
  const holds = anonymousMb < memoryMaxMb ? "below" : "NOT below";
  return [`${name} stayed ${holds} ${memoryMaxMb} MB of its own`];
}

function rateOf({ rates }: Measured): number {
  return median(rates);
}

function latencyOf({ latencies: taken }: Measured, which: keyof Latency): number {
  return median(taken.map((latency) => latency[which]).sort((a, b) => a - b));
}

function median(ascending: readonly number[]): number {
  const middle = ascending.length >> 1;
  const upper = ascending[middle] ?? Number.NaN;
  return ascending.length % 2 === 1 ? upper : (upper + (ascending[middle - 1] ?? Number.NaN)) / 2;
}

const millions = (rate = Number.NaN) => (rate / 1e6).toFixed(2);
