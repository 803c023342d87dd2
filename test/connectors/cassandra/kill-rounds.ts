import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { Running } from "../../../tools/services/running.ts";

import { TestKeyspaces } from "./cluster.ts";

const seriesCount = 20;
const pointCount = 1_000;
/** 2026-01-31T23:52:00Z: the points of a series, one a second, lie in two minutes, hours, days, months and shards at the least. */
const start = Date.UTC(2026, 0, 31, 23, 52);
const periodStarts = {
  "1m": (time: number) => Math.floor(time / 60_000) * 60_000,
  "1h": (time: number) => Math.floor(time / 3_600_000) * 3_600_000,
  "1d": (time: number) => Math.floor(time / 86_400_000) * 86_400_000,
  "1mo": (time: number) => (time < Date.UTC(2026, 1) ? Date.UTC(2026, 0) : Date.UTC(2026, 1)),
};

export type Disturb = (engine: ChildProcess) => Promise<void>;

/** Runs graphs from a file over a disk buffer into a Cassandra store, disturbs them, and compares the tables with a closed form. */
export class KillRounds {
  readonly #keyspaces: TestKeyspaces;
  readonly #folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
  #round = 0;

  constructor(server: Running) {
    this.#keyspaces = new TestKeyspaces(server, "killed");
  }

  /**
   * One round: the graph is started until it ends by itself, each time disturbed but the last.
   *
   * @param disturbances One for each start; a killed engine is started again.
   */
  async run(disturbances: readonly Disturb[]): Promise<void> {
    this.#round += 1;
    const graph = this.#writeGraph();
    for (const disturb of disturbances) {
      const engine = startEngine(["run", graph, "--until-idle", "--quiet"]);
      const ended = once(engine, "exit");
      await disturb(engine);
      await ended;
    }
    assert.deepEqual(await finished(["run", graph, "--until-idle", "--quiet"]), 0, "the last run must end well");
    assert.deepEqual(await finished(["audit", graph]), 0, "the books must balance");
    await this.#compare();
  }

  /** Resolves once something of the round at hand is in the store, or the engine has ended. */
  async begun(engine: ChildProcess): Promise<void> {
    const query = `SELECT metric FROM ${this.#keyspaces.raw}.observations WHERE metric = 'killed' AND tagset = ?
      AND type = 'tdouble' AND shard = '2026-01' LIMIT 1`;
    const tagset = { round: `${this.#round}`, series: "0" };
    while (engine.exitCode === null && engine.signalCode === null) {
      // Until the engine has made them there are no tables.
      const rows = await this.#keyspaces.cql(query, [tagset]).catch(() => []);
      if (rows.length > 0) return;
      await sleep(20);
    }
  }

  async close(): Promise<void> {
    await this.#keyspaces.drop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #writeGraph(): string {
    const name = join(this.#folder, `round-${this.#round}`);
    writeFileSync(`${name}.jsonl`, linesOf(this.#round));
    const graph = {
      name: "killed",
      stores: { main: { type: "cassandra", ...this.#keyspaces.settings } },
      sources: { file: { type: "file/jsonl", path: `${name}.jsonl` } },
      buffers: { raw: { type: "disk", path: `${name}-buffer`, from: "file" } },
      blocks: {
        rollups: { type: "processor", from: "raw", store: "main", grouper: { size: 1_500, duration: "100 ms" } },
      },
      dead_letters: { path: `${name}-dead` },
    };
    // JSON is YAML.
    writeFileSync(`${name}.yaml`, JSON.stringify(graph));
    return `${name}.yaml`;
  }

  async #compare(): Promise<void> {
    const store = await this.#keyspaces.openReadOnly();
    const table = new SeriesTable();
    try {
      for (let index = 0; index < seriesCount; index += 1) {
        const tagset = { round: `${this.#round}`, series: `${index}` };
        const series = table.intern("killed", tagset, "tdouble");
        const [points] = await store.readObservations([{ series, from: 0, to: Number.MAX_SAFE_INTEGER }]);
        const values = Array.from({ length: pointCount }, (_, point) => finalValue(this.#round, index, point));
        assert.deepEqual([...(points?.values ?? [])], values);
        for (const [period, startOf] of Object.entries(periodStarts)) {
          assert.deepEqual(await this.#rollups(tagset, period), rollupsOf(values, startOf));
        }
      }
    } finally {
      await store.close();
    }
  }

  /** As somebody reads them with CQL. */
  async #rollups(tagset: Record<string, string>, period: string) {
    const rows = [];
    for (const shard of period === "1m" ? ["2026-01", "2026-02"] : ["2026"]) {
      const found = await this.#keyspaces.cqlOnceThere(
        `SELECT datetime, count, first, last, min, max, sum FROM ${this.#keyspaces.aggregated}.aggregations
         WHERE metric = 'killed' AND tagset = ? AND type = 'tdouble' AND shard = ? AND period = ?`,
        [tagset, shard, period],
      );
      rows.push(...found.reverse());
    }
    return rows.map(({ datetime, count, ...others }) => ({
      datetime: (datetime as Date).getTime(),
      count: Number(count),
      ...others,
    }));
  }
}

/** One point in ten is corrected once, a while after it came. */
const isCorrected = (point: number) => point % 10 === 3;
const firstValue = (round: number, series: number, point: number) => round * 7 + series * 1_000 + ((point * 37) % 101);
const finalValue = (round: number, series: number, point: number) =>
  firstValue(round, series, point) + (isCorrected(point) ? 500_000 : 0);

/** Every point, and after each hundred the corrections among them. */
function linesOf(round: number): string {
  const lines: string[] = [];
  for (let from = 0; from < pointCount; from += 100) {
    for (const corrected of [false, true]) {
      for (let series = 0; series < seriesCount; series += 1) {
        const points = Array.from({ length: 100 }, (_, offset) => from + offset).filter(
          (point) => !corrected || isCorrected(point),
        );
        const given = corrected ? finalValue : firstValue;
        const values = points.map((point) => [
          new Date(start + point * 1_000).toISOString(),
          given(round, series, point),
        ]);
        const tagset = { round: `${round}`, series: `${series}` };
        lines.push(JSON.stringify({ metric: "killed", tagset, type: "tdouble", values }));
      }
    }
  }
  return `${lines.join("\n")}\n`;
}

function rollupsOf(values: readonly number[], startOf: (time: number) => number) {
  const buckets = new Map<number, number[]>();
  for (const [point, value] of values.entries()) {
    const bucket = startOf(start + point * 1_000);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), value]);
  }
  return [...buckets].map(([datetime, inside]) => ({
    datetime,
    count: inside.length,
    first: inside[0],
    last: inside.at(-1),
    min: Math.min(...inside),
    max: Math.max(...inside),
    sum: inside.reduce((sum, value) => sum + value, 0),
  }));
}

const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;

function startEngine(args: readonly string[]): ChildProcess {
  const command = ["--import", tsx, fileURLToPath(new URL("../../../cli/main.ts", import.meta.url)), ...args];
  return spawn(process.execPath, command, { stdio: ["ignore", "ignore", "inherit"] });
}

async function finished(args: readonly string[]): Promise<number | null> {
  const child = startEngine(args);
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}

/** Kills the engine after a while. */
export const killEngine =
  (afterMs: number): Disturb =>
  async (engine) => {
    await sleep(afterMs);
    engine.kill("SIGKILL");
  };
