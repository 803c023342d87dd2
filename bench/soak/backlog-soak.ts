import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { down, tell, up } from "../../tools/services/control.ts";
import { type BenchTopic, benchTopic, pointsOfRecord } from "../kafka/topic.ts";
import { EngineProcess } from "./engine-process.ts";
import type { SoakReport } from "./stream-soak.ts";

const backlogRows = 10_000_000;
const residentMax = 512 * 2 ** 20;
const lookMs = 250;
/** A server of its own, which is stopped and let go on again. */
const own = "cassandra.backlog";

/**
 * An engine that reads a topic with ten million data points into a Cassandra that stands still two thirds of the time: its memory must stay
 * below 512 MiB, and it must come on.
 */
export async function backlogSoak(durationMs: number, seed: number): Promise<SoakReport> {
  await up("kafka");
  const { host, ports } = await up(own);
  const folder = mkdtempSync(join(tmpdir(), "millrace-backlog-"));
  const topic = await benchTopic({ rows: backlogRows, seed });
  try {
    const graph = join(folder, "backlog.yaml");
    writeFileSync(graph, graphText(topic, `{ host: ${host}, port: ${ports.cql} }`, folder));
    const engine = new EngineProcess(["run", graph, "--quiet"], {});
    const slowed = new AbortController();
    const slowing = slowDown(seed, slowed.signal);
    const resident = await samples(engine, durationMs);
    slowed.abort();
    await slowing;
    const code = await engine.kill("SIGTERM");
    const settled = (await recordsSettled(topic)) * pointsOfRecord;
    const largest = Math.max(...resident);
    const faults: string[] = [];
    if (largest > residentMax) faults.push(`The engine took ${largest} bytes of memory`);
    if (settled === 0) faults.push("Nothing was settled");
    if (code !== 0) faults.push(`The engine ended with ${code}: ${engine.stderr}`);
    const sentence =
      `${settled} of ${backlogRows} points settled while Cassandra was slow; the engine, whose resident memory the figures are, took ` +
      `${Math.round(largest / 2 ** 20)} MB at most, and ${engine.restarts} times a segment was begun again`;
    return { sentence, heap: resident.filter((_, sample) => sample % 20 === 0), faults };
  } finally {
    await topic.drop();
    await down(own);
    rmSync(folder, { recursive: true });
  }
}

const graphText = (topic: BenchTopic, node: string, folder: string) => `
name: ${topic.name}
stores:
  main: { type: cassandra, nodes: [${node}], keyspaces: { raw: backlog_ts, aggregated: backlog } }
sources:
  sensors: { type: flow/kafka/pb, topic: ${topic.name}, nodes: [{ host: ${topic.host}, port: ${topic.port} }] }
blocks:
  rollups: { type: processor, from: sensors, store: main }
dead_letters: { path: ${JSON.stringify(join(folder, "dead"))} }
`;

/** Lets the server stand still for up to 3 seconds, and go on for half as long, again and again. */
async function slowDown(seed: number, signal: AbortSignal): Promise<void> {
  const { random } = virtualClock(0, seed);
  while (!signal.aborted) {
    const ms = 3_000 * random();
    await tell(own, "SIGSTOP");
    await sleep(ms);
    await tell(own, "SIGCONT");
    await sleep(ms / 2);
  }
}

/** The engine's resident memory, bytes, as long as it lives. */
async function samples(engine: EngineProcess, durationMs: number): Promise<number[]> {
  const found: number[] = [];
  for (let ms = 0; ms < durationMs; ms += lookMs) {
    const [, kilobytes] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${engine.pid}/status`, "utf8")) ?? [];
    if (kilobytes === undefined) break;
    found.push(Number(kilobytes) * 1_024);
    await sleep(lookMs);
  }
  return found;
}

async function recordsSettled(topic: BenchTopic): Promise<number> {
  const admin = topic.kafka.admin();
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId: topic.name, topics: [topic.name] });
  await admin.disconnect();
  return (found?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}
