import { execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Kafka, logLevel } from "kafkajs";
import type { SourceContext } from "../../../blocks/model/component.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { type Log, silentLog } from "../../../runtime/log.ts";
import { debianPackage } from "../../../tools/services/debian.ts";
import { type Running, servicesFolder } from "../../../tools/services/running.ts";

const execute = promisify(execFile);

/** As settings have it. */
export const nodesOf = ({ host, ports }: Running, port = "plain") => [{ host, port: ports[port] ?? 0 }];

export const adminOf = (server: Running) =>
  new Kafka({
    brokers: nodesOf(server).map(({ host, port }) => `${host}:${port}`),
    logLevel: logLevel.NOTHING,
  }).admin();

/** A context with real time, and what sources of it keep. */
export function kafkaContext(graph: string, log: Log = silentLog): SourceContext & { close(): Promise<void> } {
  let kept: Promise<{ close(): Promise<void> }> | undefined;
  return {
    graph,
    node: "it",
    clock: systemClock,
    log,
    table: new SeriesTable(),
    lasting: <T extends { close(): Promise<void> }>(make: () => Promise<T>) => {
      kept ??= make();
      return kept as Promise<T>;
    },
    close: async () => (await kept)?.close(),
  };
}

let topics = 0;

/** A topic of its own for each test. */
export async function newTopic(
  server: Running,
  partitions = 1,
  configEntries: { name: string; value: string }[] = [],
): Promise<string> {
  const topic = `test-${process.pid}-${Date.now()}-${++topics}`;
  const admin = adminOf(server);
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true });
  await admin.disconnect();
  return topic;
}

/** What a group committed, by partition; -1 where it has nothing. */
export async function committed(server: Running, groupId: string, topic: string): Promise<number[]> {
  const admin = adminOf(server);
  await admin.connect();
  const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
  await admin.disconnect();
  return (found?.partitions ?? []).toSorted((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset));
}

/** The offset after the last record of each partition. */
export async function ends(server: Running, topic: string): Promise<number[]> {
  const admin = adminOf(server);
  await admin.connect();
  const found = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return found.toSorted((a, b) => a.partition - b.partition).map(({ high }) => Number(high));
}

/** kcat, a client that shares nothing with ours. */
async function kcat(): Promise<{ program: string; env: NodeJS.ProcessEnv }> {
  const { path, env } = await debianPackage(servicesFolder(), "kcat");
  return { program: path("/usr/bin/kcat"), env: { ...process.env, ...env } };
}

/** Produces lines, each a record; with a tab in it, the key stands before it. */
export async function kcatProduce(
  server: Running,
  topic: string,
  lines: readonly string[],
  ...more: string[]
): Promise<void> {
  const { program, env } = await kcat();
  const broker = `${server.host}:${server.ports.plain}`;
  const child = spawn(program, ["-P", "-b", broker, "-t", topic, "-K", "\t", ...more], {
    env,
    stdio: ["pipe", "ignore", "pipe"],
  });
  child.stdin.end(lines.map((line) => `${line.includes("\t") ? line : `\t${line}`}\n`).join(""));
  // It may be gone before it has read everything.
  child.stdin.on("error", () => {});
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  if (code !== 0) throw new Error(`kcat ended with ${code}: ${said}`);
}

/** Produces bytes, each a record. */
export async function kcatProduceBytes(
  server: Running,
  topic: string,
  values: readonly Uint8Array[],
  ...more: string[]
): Promise<void> {
  const { program, env } = await kcat();
  const folder = mkdtempSync(join(tmpdir(), "kcat-"));
  const files = values.map((value, index) => {
    const file = join(folder, String(index));
    writeFileSync(file, value);
    return file;
  });
  await execute(program, ["-P", "-b", `${server.host}:${server.ports.plain}`, "-t", topic, ...more, ...files], { env });
  rmSync(folder, { recursive: true });
}

/** Everything in a topic: partition, key and value. */
export async function kcatConsume(
  server: Running,
  topic: string,
  ...more: string[]
): Promise<[number, string, string][]> {
  const { program, env } = await kcat();
  const format = ["-e", "-q", "-o", "beginning", "-f", "%p\t%k\t%s\n"];
  const { stdout } = await execute(
    program,
    ["-C", "-b", `${server.host}:${server.ports.plain}`, "-t", topic, ...format, ...more],
    {
      env,
      maxBuffer: 1 << 28,
    },
  );
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [partition = "", key = "", value = ""] = line.split("\t");
      return [Number(partition), key, value];
    });
}

/** Waits for what a real server brings. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>, timeoutMs = 90_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`Not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
