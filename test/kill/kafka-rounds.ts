import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { parse } from "csv-parse/sync";
import { down, tell, up } from "../../tools/services/control.ts";
import { freePorts } from "../../tools/services/ports.ts";
import type { Running } from "../../tools/services/running.ts";
import { committed, ends, kcatProduce, newTopic, until } from "../connectors/kafka/kafka-topic.ts";
import { commandLine, root } from "../millrace-process.ts";
import { expectedRollups, keyOf, periods, recordsOf } from "./closed-form.ts";

/** What is done to whom while data flow. */
export type Blow = "kill engine" | "kill broker" | "stop engine";

export interface Rounds {
  readonly blows: readonly Blow[];
  /** Data points rest in a buffer in Kafka between the source and the blocks. */
  readonly buffered?: boolean;
  /** Chance of a round: when the blow falls. */
  readonly random: () => number;
  readonly note: (line: string) => void;
}

const seriesCount = 6;
/** Data points of each series that a round brings. */
const pointsPerRound = 200;
const sessionMs = 2_000;

/**
 * Runs an engine on a topic that a foreign client fills, deals it the blows, lets it come to an end, and holds its tables and
 * books against arithmetic. The broker is one of its own.
 *
 * @throws {AssertionError} where anything is lost, doubled or does not balance.
 */
export async function surviveBlows({ blows, buffered = false, random, note }: Rounds): Promise<void> {
  const broker = "kafka.kill";
  const folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
  const trial = await newTrial(await up(broker), folder, buffered);
  try {
    for (const [index, blow] of blows.entries()) {
      const delayMs = Math.floor(random() * 1_500);
      note(`round ${index + 1} of ${blows.length}: ${blow} after ${delayMs} ms`);
      await trial.engineRuns();
      const filled = trial.fill();
      await wait(delayMs);
      await deal(blow, trial, broker);
      await filled;
    }
    await trial.engineRuns();
    await trial.finish();
  } finally {
    trial.engine?.kill("SIGKILL");
    await down(broker);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deal(blow: Blow, trial: Trial, broker: string): Promise<void> {
  if (blow === "kill engine") return await trial.killEngine();
  if (blow === "kill broker") {
    await tell(broker, "SIGKILL");
    await up(broker);
  } else {
    trial.engine?.kill("SIGSTOP");
    await wait(sessionMs * 2);
    trial.engine?.kill("SIGCONT");
  }
}

async function newTrial(kafka: Running, folder: string, buffered: boolean): Promise<Trial> {
  const topic = await newTopic(kafka, 4);
  const { hub = 0 } = await freePorts(["hub"], folder);
  const graph = join(folder, "graph.yaml");
  writeFileSync(graph, graphText({ kafka, topic, folder, hub, buffered }));
  return new Trial(kafka, topic, graph);
}

interface GraphParts {
  readonly kafka: Running;
  readonly topic: string;
  readonly folder: string;
  readonly hub: number;
  readonly buffered: boolean;
}

function graphText({ kafka, topic, folder, hub, buffered }: GraphParts): string {
  const cluster = `nodes: [{ host: ${kafka.host}, port: ${kafka.ports.plain} }]
    session_timeout: ${sessionMs} ms
    max_ttr: 500 ms`;
  const buffer = `buffers:
  resting:
    type: kafka
    from: raw
    ${cluster}
`;
  return `name: ${topic}
stores: { main: { type: embedded, path: ${folder}/store } }
sources:
  raw:
    type: flow/kafka/json
    topic: ${topic}
    ${cluster}
${buffered ? buffer : ""}blocks:
  rollups:
    type: processor
    from: ${buffered ? "resting" : "raw"}
    store: main
    grouper: { size: 500, duration: 200 ms }
dead_letters: { path: ${folder}/dead-letters }
hub: { host: 127.0.0.1, port: ${hub} }
`;
}

class Trial {
  engine: ChildProcess | undefined;
  readonly #kafka: Running;
  readonly #topic: string;
  readonly #graph: string;
  #points = 0;
  #log = "";

  constructor(kafka: Running, topic: string, graph: string) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#graph = graph;
  }

  /** Starts the engine where it does not run. */
  async engineRuns(): Promise<void> {
    if (this.engine !== undefined && this.engine.exitCode === null && this.engine.signalCode === null) return;
    this.engine = this.#command("run", this.#graph);
    const ended = new Promise<never>((_, reject) => {
      this.engine?.once("close", (code) => {
        reject(new Error(`the engine ended with ${code}: ${this.#log.slice(-2_000)}`));
      });
    });
    ended.catch(() => {});
    const before = this.#log.length;
    await Promise.race([ended, until("the engine runs", () => this.#log.slice(before).includes("Ctrl-C"), 120_000)]);
  }

  async killEngine(): Promise<void> {
    const closed = new Promise((resolve) => this.engine?.once("close", resolve));
    this.engine?.kill("SIGKILL");
    await closed;
  }

  /** The data points of a round; kcat gives up when it meets a dead broker, so some may be there twice. */
  async fill(): Promise<void> {
    const from = this.#points;
    this.#points += pointsPerRound;
    const lines = Array.from({ length: seriesCount }, (_, series) => [...recordsOf(series, from, this.#points)]).flat();
    const produced = () =>
      kcatProduce(this.#kafka, this.#topic, lines).then(
        () => true,
        () => false,
      );
    await until("the data points are in the topic", produced, 180_000);
  }

  /** Waits until all is committed, and compares. */
  async finish(): Promise<void> {
    const settled = async () => {
      const [done, end] = [
        await committed(this.#kafka, this.#topic, this.#topic),
        await ends(this.#kafka, this.#topic),
      ];
      return done.length === end.length && done.every((offset, partition) => Math.max(0, offset) === end[partition]);
    };
    await until("all is committed", settled, 120_000);
    let audit = "";
    const atRest = async () => {
      audit = await this.#run("audit", this.#graph);
      return !/in flight [^0]/.test(audit);
    };
    await until("nothing is in flight", atRest, 120_000);
    assert.match(audit, /^balanced {3}raw: .*in flight 0$/m);
    assert.doesNotMatch(audit, /UNBALANCED|dead-lettered/);
    const closed = new Promise((resolve) => this.engine?.once("close", resolve));
    this.engine?.kill("SIGTERM");
    assert.equal(await closed, 0);

    // Each question starts a process, so there is one for all series.
    const raw = await this.#rows();
    const rollups = new Map<string, Map<string, string[][]>>();
    for (const period of periods)
      rollups.set(period, await this.#rows("--every", period, "--value", "count,sum,min,max"));
    for (let series = 0; series < seriesCount; series++) {
      const key = keyOf(series);
      assert.deepEqual(
        raw.get(key)?.map((row) => Number(row.at(-1))),
        Array.from({ length: this.#points }, (_, value) => value),
      );
      for (const [period, rows] of rollups) {
        const told = rows.get(key)?.map(([, at = "", ...values]) => [at.slice(0, 19), ...values.map(Number)]);
        assert.deepEqual(told, expectedRollups(period, this.#points));
      }
    }
  }

  /** Rows of all series, by series. */
  async #rows(...more: string[]): Promise<Map<string, string[][]>> {
    const range = ["--from", "2024-01-01", "--to", "2024-03-01"];
    const text = await this.#run("query", "{}", "--graph", this.#graph, "--format", "csv", ...range, ...more);
    const rows: string[][] = parse(text, { from_line: 2 });
    const bySeries = new Map<string, string[][]>();
    for (const row of rows) bySeries.set(row[0] ?? "", [...(bySeries.get(row[0] ?? "") ?? []), row]);
    return bySeries;
  }

  #command(...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [...commandLine, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#log += text;
    });
    return child;
  }

  async #run(...args: string[]): Promise<string> {
    const child = this.#command(...args);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, this.#log.slice(-2_000));
    return output;
  }
}
