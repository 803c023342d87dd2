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
import { TestKeyspaces } from "../connectors/cassandra/cluster.ts";
import { committed, ends, kcatProduce, newTopic, until } from "../connectors/kafka/kafka-topic.ts";
import { commandLine, root } from "../millrace-process.ts";
import { expectedRollups, keyOf, periods, recordsOf } from "./closed-form.ts";

/** What is done to whom while data flow. */
export type Blow = "kill engine" | "kill broker" | "stop engine" | "leave";

export interface Rounds {
  readonly blows: readonly Blow[];
  /** Data points rest in a buffer in Kafka between the source and the blocks. */
  readonly buffered?: boolean;
  /** A cluster of Cassandra, in which two engines of one group write; one engine with a store of its own unless told. */
  readonly cassandra?: Running;
  /** Chance of a round: when the blow falls, and on whom. */
  readonly random: () => number;
  readonly note: (line: string) => void;
}

const seriesCount = 6;
/** Data points of each series that a round brings. */
const pointsPerRound = 200;
const sessionMs = 2_000;

/**
 * Runs an engine, or two, on a topic that a foreign client fills, deals the blows, lets it come to an end, and holds tables and
 * books against arithmetic. The broker is one of its own. A blow on one of two engines moves partitions to the other, and back when
 * it returns.
 *
 * @throws {AssertionError} where anything is lost, doubled or does not balance.
 */
export async function surviveBlows({ blows, buffered = false, cassandra, random, note }: Rounds): Promise<void> {
  const broker = "kafka.kill";
  const folder = mkdtempSync(join(tmpdir(), "millrace-kill-"));
  const keyspaces = cassandra === undefined ? undefined : new TestKeyspaces(cassandra, "kill");
  const trial = await newTrial(await up(broker), folder, buffered, keyspaces);
  try {
    for (const [index, blow] of blows.entries()) {
      const delayMs = Math.floor(random() * 1_500);
      note(`round ${index + 1} of ${blows.length}: ${blow} after ${delayMs} ms`);
      await trial.enginesRun();
      const filled = trial.fill();
      await wait(delayMs);
      await deal(blow, trial.engines[Math.floor(random() * trial.engines.length)], broker);
      await filled;
    }
    await trial.enginesRun();
    await trial.finish();
  } finally {
    await Promise.all(trial.engines.map((engine) => engine.end("SIGKILL")));
    await keyspaces?.drop();
    await down(broker);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function deal(blow: Blow, engine: TrialEngine | undefined, broker: string): Promise<void> {
  if (blow === "kill engine") await engine?.end("SIGKILL");
  else if (blow === "leave") await engine?.end("SIGTERM");
  else if (blow === "kill broker") {
    await tell(broker, "SIGKILL");
    await up(broker);
  } else {
    engine?.process?.kill("SIGSTOP");
    await wait(sessionMs * 2);
    engine?.process?.kill("SIGCONT");
  }
}

async function newTrial(
  kafka: Running,
  folder: string,
  buffered: boolean,
  keyspaces: TestKeyspaces | undefined,
): Promise<Trial> {
  const topic = await newTopic(kafka, 4);
  const { hub = 0, second = 0 } = await freePorts(["hub", "second"], folder);
  const ports = keyspaces === undefined ? [hub] : [hub, second];
  const engines = ports.map((port) => {
    const graph = join(folder, `graph-${port}.yaml`);
    writeFileSync(graph, graphText({ kafka, topic, folder, hub: port, buffered, keyspaces }));
    return new TrialEngine(graph);
  });
  return new Trial(kafka, topic, engines);
}

interface GraphParts {
  readonly kafka: Running;
  readonly topic: string;
  readonly folder: string;
  readonly hub: number;
  readonly buffered: boolean;
  readonly keyspaces: TestKeyspaces | undefined;
}

function graphText({ kafka, topic, folder, hub, buffered, keyspaces }: GraphParts): string {
  const cluster = `nodes: [{ host: ${kafka.host}, port: ${kafka.ports.plain} }]
    session_timeout: ${sessionMs} ms
    max_ttr: 500 ms`;
  const buffer = `buffers:
  resting:
    type: kafka
    from: raw
    ${cluster}
`;
  const store =
    keyspaces === undefined ? `type: embedded, path: ${folder}/store` : `type: cassandra, ${keyspaces.text}`;
  return `name: ${topic}
stores: { main: { ${store} } }
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
dead_letters: { path: ${folder}/dead-letters-${hub} }
hub: { host: 127.0.0.1, port: ${hub} }
`;
}

/** A process of the command that runs a graph, started again when it has ended. */
class TrialEngine {
  process: ChildProcess | undefined;
  readonly graph: string;
  log = "";

  constructor(graph: string) {
    this.graph = graph;
  }

  /** Starts it where it does not run. */
  async runs(): Promise<void> {
    if (this.process !== undefined && this.process.exitCode === null && this.process.signalCode === null) return;
    this.process = this.command("run", this.graph);
    const ended = new Promise<never>((_, reject) => {
      this.process?.once("close", (code) => {
        reject(new Error(`the engine ended with ${code}: ${this.log.slice(-2_000)}`));
      });
    });
    ended.catch(() => {});
    const before = this.log.length;
    await Promise.race([ended, until("the engine runs", () => this.log.slice(before).includes("Ctrl-C"), 120_000)]);
  }

  /** @returns the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const child = this.process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return null;
    let code: number | null | undefined;
    child.once("close", (ended: number | null) => {
      code = ended;
    });
    child.kill(signal);
    await until("the engine has ended", () => code !== undefined, 60_000);
    return code ?? null;
  }

  command(...args: string[]): ChildProcess {
    const child = spawn(process.execPath, [...commandLine, ...args], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.log += text;
    });
    return child;
  }

  /** Runs a command about the graph to its end. */
  async ask(...args: string[]): Promise<string> {
    const child = this.command(...args);
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 0, this.log.slice(-2_000));
    return output;
  }
}

class Trial {
  readonly engines: readonly TrialEngine[];
  readonly #kafka: Running;
  readonly #topic: string;
  #points = 0;

  constructor(kafka: Running, topic: string, engines: readonly TrialEngine[]) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.engines = engines;
  }

  async enginesRun(): Promise<void> {
    await Promise.all(this.engines.map((engine) => engine.runs()));
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
    for (const engine of this.engines) {
      let audit = "";
      const atRest = async () => {
        audit = await engine.ask("audit", engine.graph);
        return !/in flight [^0]/.test(audit);
      };
      await until("nothing is in flight", atRest, 120_000);
      assert.match(audit, /^balanced {3}raw: .*in flight 0$/m);
      assert.doesNotMatch(audit, /UNBALANCED|dead-lettered/);
    }
    for (const engine of this.engines) assert.equal(await engine.end("SIGTERM"), 0);

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
    const [engine] = this.engines;
    assert.ok(engine !== undefined);
    const text = await engine.ask("query", "{}", "--graph", engine.graph, "--format", "csv", ...range, ...more);
    const rows: string[][] = parse(text, { from_line: 2 });
    const bySeries = new Map<string, string[][]>();
    for (const row of rows) bySeries.set(row[0] ?? "", [...(bySeries.get(row[0] ?? "") ?? []), row]);
    return bySeries;
  }
}
