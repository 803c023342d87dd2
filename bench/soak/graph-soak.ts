import { once } from "node:events";
import { readFileSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { benchFolder } from "../bench-folder.ts";
import { CountingClock } from "./counting-clock.ts";
import { EngineProcess } from "./engine-process.ts";
import { growthOf } from "./heap-samples.ts";
import { Load } from "./load.ts";
import type { SoakReport } from "./stream-soak.ts";

/** Share of the time in which the engine is killed now and then; in the rest one process shows whether its memory is flat. */
const killedShare = 0.5;
/** Longest wait for an engine to be there, or to have stored what it was sent. */
const patienceMs = 120_000;
/** Fewer samples than these, one a second, are no ground to judge by. */
const samplesMin = 30;
/**
 * The engine of this graph holds some 20 MB after a collection, and a flush more or less of it: the rows under way and those gathered
 * for the next write. A point takes 20 bytes and more, and some million go through: a leak of each would be several times this.
 */
const growthMax = 8 * 2 ** 20;

/**
 * A graph from HTTP over a disk buffer to rollups in a store and to a sink, of which the store and the sink fail at random, and
 * whose process is killed now and then. All that was confirmed must be stored, once; the audit must balance.
 */
export async function graphSoak(durationMs: number, seed: number): Promise<SoakReport> {
  const folder = await benchFolder();
  const soak = new GraphSoak(folder, seed, await freePort());
  try {
    return await soak.run(durationMs);
  } finally {
    await soak.close();
    await rm(folder, { recursive: true, force: true });
  }
}

class GraphSoak {
  readonly #file: string;
  readonly #heapFile: string;
  readonly #clock: CountingClock;
  readonly #port: number;
  readonly #load: Load;
  readonly #faults: string[] = [];
  #engine: EngineProcess | undefined;
  #kills = 0;
  #restarts = 0;

  constructor(folder: string, seed: number, port: number) {
    this.#file = join(folder, "soak.yaml");
    this.#heapFile = join(folder, "heap");
    this.#clock = new CountingClock(seed);
    this.#port = port;
    this.#load = new Load(this.#clock, port);
  }

  async run(durationMs: number): Promise<SoakReport> {
    await writeFile(this.#file, graphText(this.#port, join(this.#file, "..")));
    const startMs = systemClock.monotonic();
    const sinceMs = () => systemClock.monotonic() - startMs;
    const loading = this.#load.run();
    const faultMs = Math.min(10_000, durationMs / 20);
    while (sinceMs() < durationMs * killedShare) {
      await this.#begin(faultMs);
      await this.#takeIn();
      await pause(this.#clock.between(0, durationMs / 20));
      if ((await this.#end("SIGKILL")) !== null) this.#faults.push("the engine ended by itself");
      this.#kills += 1;
    }
    await this.#begin(faultMs);
    await this.#takeIn();
    await pause(Math.max(0, durationMs - sinceMs()));
    // On a slow machine a short run has not come so far.
    await waitUntil(() => this.#restarts + (this.#engine?.restarts ?? 0) > 0);
    const heap = readFileSync(this.#heapFile, "utf8").trim().split("\n").map(Number);
    this.#load.stop();
    await loading;
    await this.#stopInOrder();
    await this.#checkStored();
    return this.#report(heap);
  }

  async close(): Promise<void> {
    await this.#engine?.kill("SIGKILL");
    this.#load.stop();
  }

  /** @param faultMs Mean time between faults of one part; 0 for none. */
  async #begin(faultMs: number): Promise<void> {
    await writeFile(this.#heapFile, "");
    const environment = { SOAK_FAULT_MS: String(faultMs), SOAK_HEAP: this.#heapFile };
    const engine = new EngineProcess(["run", this.#file, "--log-level", "error"], environment);
    this.#engine = engine;
    const stays = await waitUntil(() => readFileSync(this.#heapFile, "utf8") !== "");
    if (!stays) throw new Error(`Cannot go on as the engine must start: it printed ${engine.stderr}`);
  }

  /** Waits until the engine confirms something: else a slow machine would kill it before it does anything. */
  async #takeIn(): Promise<void> {
    const before = this.#load.points;
    const takes = await waitUntil(() => this.#load.points > before);
    if (!takes) this.#faults.push(`the engine confirms nothing: ${this.#engine?.stderr.slice(-500)}`);
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    const code = await this.#engine?.kill(signal);
    this.#restarts += this.#engine?.restarts ?? 0;
    this.#engine = undefined;
    return code ?? null;
  }

  async #stopInOrder(): Promise<void> {
    const stderr = this.#engine?.stderr ?? "";
    const code = await this.#end("SIGTERM");
    if (code !== 0) this.#faults.push(`the engine stopped with code ${code}: ${stderr.slice(-500)}`);
  }

  /** A last run without faults brings to the store what waits in the buffer. */
  async #checkStored(): Promise<void> {
    const { counts } = this.#load;
    const expected = counts.map((count) => [count, (count * (count - 1)) / 2]);
    await this.#begin(0);
    let stored: number[][] = [];
    const matches = await waitUntil(async () => {
      stored = await this.#stored();
      return JSON.stringify(stored) === JSON.stringify(expected);
    });
    const found = `stored are ${JSON.stringify(stored)}, confirmed were ${JSON.stringify(expected)} (counts and sums)`;
    if (!matches) this.#faults.push(found);
    await this.#stopInOrder();
    const audit = new EngineProcess(["audit", this.#file], {});
    const code = await audit.ended;
    if (code !== 0) this.#faults.push(`the books do not balance: ${audit.stdout}${audit.stderr}`);
    if (!(await isFree(this.#port))) this.#faults.push(`port ${this.#port} is still taken`);
  }

  /** Count and sum of each series, from its days. */
  async #stored(): Promise<number[][]> {
    const options = ["--graph", this.#file, "--every", "1d", "--value", "count,sum", "--format", "csv"];
    const query = new EngineProcess(["query", "meter{}", ...options], {});
    await query.ended;
    const stored = this.#load.counts.map(() => [0, 0]);
    for (const row of query.stdout.trimEnd().split("\n").slice(1)) {
      const series = /number=""(\d+)""/.exec(row)?.[1];
      const [count, sum] = row.split(",").slice(-2).map(Number);
      const known = stored[Number(series)];
      if (known === undefined || count === undefined || sum === undefined) continue;
      known[0] = (known[0] ?? 0) + count;
      known[1] = (known[1] ?? 0) + sum;
    }
    return stored;
  }

  #report(heap: readonly number[]): SoakReport {
    const judged = heap.length >= samplesMin;
    const { bytes, flat } = growthOf(heap, growthMax);
    if (judged && !flat) this.#faults.push(`The heap grew by ${bytes} bytes from the second third to the last`);
    if (this.#kills === 0 || this.#restarts === 0) this.#faults.push("Nothing failed: the run was too short");
    const sentence =
      `${this.#load.points} points confirmed and stored; ${this.#kills} times killed, ${this.#restarts} times a segment was begun again, ` +
      `${this.#load.repeats} messages sent again${judged ? "" : "; too short to judge the memory of the engine"}`;
    return { sentence, heap, faults: this.#faults };
  }
}

function graphText(port: number, folder: string): string {
  const plugin = fileURLToPath(new URL("fault-plugin.ts", import.meta.url));
  const path = (name: string) => JSON.stringify(join(folder, name));
  return `
name: soak
stores:
  main: { type: soak/unsure-store, path: ${path("store")} }
sources:
  meters: { type: flow/http/json, host: 127.0.0.1, port: ${port} }
buffers:
  raw: { type: disk, path: ${path("buffer")}, from: meters, partitions: 2 }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 1h, 1d] }
sinks:
  out: { type: soak/unsure-sink, from: rollups.aggregations }
dead_letters: { path: ${path("dead-letters")} }
plugins: [${JSON.stringify(plugin)}]
`;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void systemClock.after(ms, resolve));
}

/** @returns whether it came to hold in time. */
async function waitUntil(holds: () => boolean | Promise<boolean>): Promise<boolean> {
  const until = systemClock.monotonic() + patienceMs;
  while (systemClock.monotonic() < until) {
    if (await holds()) return true;
    await pause(100);
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
