import { tsorageSource } from "../../connectors/cassandra/tsorage-source.ts";
import { TsorageProgress } from "../../connectors/cassandra/tsorage-progress.ts";
import type { GraphNode } from "../../config/graph-node.ts";
import { Engine } from "../../graphs/engine.ts";
import type { Plan } from "../../graphs/plan.ts";
import { plan } from "../../graphs/planner.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Failure, exitCodes } from "../exit.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";
import { commandLog } from "../log.ts";
import { StatusLine } from "../output/status-line.ts";
import { openDeadLetters } from "../dead-letters.ts";

export interface MigrateTsorageOptions {
  readonly node: readonly string[];
  readonly keyspace: string;
  readonly localDataCenter: string;
  readonly login?: string;
  readonly passwordEnv?: string;
  readonly progress: string;
  readonly set?: string[];
  readonly json?: boolean;
}

const sourceName = "tsorage";

/**
 * Copies the raw data points of a keyspace of TSorage through the processor of a graph into its store, which makes the rollups anew:
 * those of TSorage have other buckets. The graph's own sources, buffers and sinks do not run.
 */
export async function migrateTsorage(file: string, options: MigrateTsorageOptions): Promise<void> {
  const { plan: given, catalogue } = await soundGraph(file, (options.set ?? []).map(readOverride));
  const migration = planOf(
    given,
    (graph) => {
      const faults: string[] = [];
      const planned = plan(graph, catalogue, {
        error: (_code, _at, sentence) => faults.push(sentence),
        warn: () => {},
      });
      if (faults.length > 0) throw new Failure(exitCodes.wrong, faults.join("\n"));
      return planned;
    },
    options,
  );
  const log = commandLog("text", "info");
  const engine = await Engine.start(migration, { catalogue, clock: systemClock, log, deadLetters: openDeadLetters });
  const status = new StatusLine(engine, process.stderr, true);
  try {
    await engine.untilIdle();
  } finally {
    status.end();
  }
  const { counts } = new TsorageProgress(options.progress, options.keyspace);
  const { rows, points, rejected } = counts;
  if (options.json === true) process.stdout.write(`${JSON.stringify(counts)}\n`);
  else process.stdout.write(`${rows} rows read, ${points} data points copied, ${rejected} rejected\n`);
}

function planOf(given: Plan, make: (graph: Plan["graph"]) => Plan, options: MigrateTsorageOptions): Plan {
  const { graph } = given;
  const processors = graph.nodes.filter(({ section, type }) => section === "blocks" && type === "processor");
  const [processor] = processors;
  if (processor === undefined || processors.length > 1) {
    const rule = "the graph must have one processor, whose store they go to";
    throw new EngineError("USAGE_INVALID", `Cannot copy data points as ${rule}: it has ${processors.length}`);
  }
  const settings = tsorageSource.settings.parse({
    nodes: options.node.map(nodeOf),
    keyspace: options.keyspace,
    local_data_center: options.localDataCenter,
    progress: options.progress,
    ...(options.login !== undefined && {
      security: {
        type: "password",
        login: options.login,
        password: { env: options.passwordEnv ?? "TSORAGE_PASSWORD" },
      },
    }),
  });
  const source: GraphNode = { ...processor, section: "sources", name: sourceName, type: "tsorage", settings, from: [] };
  const from = [{ name: sourceName, at: processor.at }];
  const stores = graph.nodes.filter(({ section }) => section === "stores");
  return make({ ...graph, nodes: [...stores, source, { ...processor, from }] });
}

function nodeOf(text: string): { host: string; port?: number } {
  const [, host = text, port] = /^(.*):(\d+)$/.exec(text) ?? [];
  return port === undefined ? { host } : { host, port: Number(port) };
}
