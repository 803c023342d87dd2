import { cpus } from "node:os";
import type { Measured } from "./interleaved-runs.ts";
import type { WorkloadSize } from "./workload.ts";

/** One line for each peer, as data. Rates are medians, elements a second. */
export function jsonLines(workload: string, measured: readonly Measured[], size: WorkloadSize, runs: number): string {
  const [subject, ...peers] = measured;
  if (subject === undefined) return "";
  const lines = peers.map((peer) =>
    JSON.stringify({
      workload,
      subject: subject.name,
      peer: peer.name,
      subject_rate: Math.round(median(subject)),
      peer_rate: Math.round(median(peer)),
      ratio: Number((median(subject) / median(peer)).toPrecision(3)),
      rss_mb: Math.round(subject.rssMb),
      node: process.version,
      seed: size.seed,
      runs,
    }),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** The same for people: a row for each participant, and the machine. */
export function table(workload: string, measured: readonly Measured[], size: WorkloadSize, runs: number): string {
  const subjectRate = median(measured[0] as Measured);
  const rows = measured.map((one) => [
    one.name,
    millions(median(one)),
    `${millions(one.rates[0])}..${millions(one.rates.at(-1))}`,
    (subjectRate / median(one)).toFixed(2),
    one.rssMb.toFixed(0),
  ]);
  const cells = [["", "M/s", "min..max", "ratio", "RSS MB"], ...rows];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  "),
  );
  const processors = cpus();
  const machine = `${processors[0]?.model.trim()}, ${processors.length} cores, Node ${process.version}`;
  const title = `${workload}: ${size.rows} rows, seed ${size.seed}, ${runs} runs; ratio is ${measured[0]?.name} to the other`;
  return `${[title, ...lines, machine].join("\n")}\n\n`;
}

function median({ rates }: Measured): number {
  const middle = rates.length >> 1;
  const upper = rates[middle] ?? Number.NaN;
  return rates.length % 2 === 1 ? upper : (upper + (rates[middle - 1] ?? Number.NaN)) / 2;
}

const millions = (rate = Number.NaN) => (rate / 1e6).toFixed(2);
