import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { resultToJson } from "../blocks/query/query-result.ts";
import type { Engine } from "../graphs/engine.ts";
import { EngineError, sentenceOf } from "../runtime/errors.ts";
import { answer, chosenStore, deletion, type GraphContext } from "./engine-queries.ts";
import { backfill, readBackfill } from "./backfills.ts";
import { readDeletion, readQuery } from "./query-parameters.ts";
import { StaticTagsetWriter } from "./static-tagsets.ts";
import { readReplay, rewound } from "./replays.ts";
import { addTagRoutes } from "./tag-routes.ts";
import type { Catalogue } from "../graphs/catalogue.ts";

/** The addresses of a running hub, and its end. */
export interface Hub {
  /** A socket in a folder that only this user can enter; the command line asks there. */
  readonly socket: string;
  /** `http://host:port`, where the graph file has a `hub`. */
  readonly url: string | undefined;
  close(): Promise<void>;
}

/** Waits at most so long for what was just handed in to reach the store. */
const freshTimeoutMs = 5_000;

/**
 * Serves the running engine: always on a private socket, and over TCP where the graph file says so.
 *
 * @throws {EngineError} `ADDRESS_IN_USE`, or `SETTING_INVALID` where the host is not this machine: nobody is asked who they are yet.
 */
export async function startHub(engine: Engine, catalogue: Catalogue): Promise<Hub> {
  const folder = await mkdtemp(join(tmpdir(), "millrace-"));
  const socket =
    process.platform === "win32" ? `\\\\.\\pipe\\${folder.replaceAll(/[\\/:]/g, "-")}` : join(folder, "hub.sock");
  const parts = { engine, catalogue, tagsetWriter: new StaticTagsetWriter() };
  const local = await newServer(parts);
  // Nobody is asked who they are over TCP: only this user's own commands may change what is stored.
  addDeletion(local, engine, catalogue);
  addBackfill(local, engine, catalogue);
  addReplay(local, engine);
  await local.ready();
  await local.listen({ path: socket });
  const { hub } = engine.plan.graph;
  const open = hub === undefined ? undefined : await newServer(parts);
  await open?.ready();
  const close = async () => {
    await Promise.all([local.close(), open?.close()]);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const url = hub === undefined || open === undefined ? undefined : await listen(open, hub);
    await engine.announce(socket);
    return { socket, url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(server: FastifyInstance, { host, port }: { host: string; port: number }): Promise<string> {
  if (!isLoopback(host)) {
    throw new EngineError(
      "SETTING_INVALID",
      `Cannot open the hub as its host must be of this machine: it is "${host}"`,
      { where: { node: "hub" } },
    );
  }
  try {
    return await server.listen({ host, port });
  } catch (cause) {
    const where = { node: "hub" };
    if ((cause as NodeJS.ErrnoException).code !== "EADDRINUSE") {
      const sentence = `Cannot open the hub on ${host}:${port}: ${sentenceOf(cause)}`;
      throw new EngineError("CONNECTION_FAILED", sentence, { where, cause });
    }
    const sentence = `Cannot open the hub as another process listens on ${host}:${port}`;
    throw new EngineError("ADDRESS_IN_USE", sentence, { where, cause });
  }
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** @throws {EngineError} `USAGE_INVALID` where a parameter stands twice: which one is meant cannot be known. */
function onceEach(given: Readonly<Record<string, string | string[]>>): Record<string, string | undefined> {
  const once: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === "string") once[name] = value;
    else
      throw new EngineError(
        "USAGE_INVALID",
        `Cannot query as "${name}" must stand once: it does ${value.length} times`,
      );
  }
  return once;
}

function addDeletion(server: FastifyInstance, engine: Engine, catalogue: Catalogue): void {
  const { graph } = engine.plan;
  server.post("/api/v1/delete", async (request) => {
    const { store, ...given } = onceEach(request.query as Record<string, string | string[]>);
    const wanted = readDeletion({ selector: "", ...given });
    const name = chosenStore(graph, store);
    // What was handed in before the deletion was asked for is deleted with the rest.
    await engine.fresh(freshTimeoutMs);
    return engine.alone(name, (one) => deletion(contextOf(engine, catalogue), name, one, wanted));
  });
}

/** One piece: the graph goes on between two of them. */
function addBackfill(server: FastifyInstance, engine: Engine, catalogue: Catalogue): void {
  server.post("/api/v1/backfill", async (request) => {
    const wanted = readBackfill(request.body);
    const name = chosenStore(engine.plan.graph, wanted.store);
    return engine.alone(name, (one) => backfill(contextOf(engine, catalogue), name, one, wanted));
  });
}

function addReplay(server: FastifyInstance, engine: Engine): void {
  server.post("/api/v1/replay", async (request) => {
    const wanted = readReplay(request.body, engine.plan);
    const places = await engine.aside(wanted.buffer, wanted.segments, (buffer) => rewound(buffer, wanted));
    return { places };
  });
}

function contextOf({ plan: { graph }, buckets, heavy, clock }: Engine, { derivators }: Catalogue): GraphContext {
  return { graph, buckets, heavy, derivators, clock };
}

/** What the servers of one hub have in common. */
interface HubParts {
  readonly engine: Engine;
  readonly catalogue: Catalogue;
  readonly tagsetWriter: StaticTagsetWriter;
}

async function newServer({ engine, catalogue, tagsetWriter }: HubParts): Promise<FastifyInstance> {
  const { fastify } = await import("fastify");
  const server = fastify({ forceCloseConnections: true, routerOptions: { maxParamLength: 4096 } });
  server.setErrorHandler(async (error, _request, reply) => {
    const code = error instanceof EngineError ? error.code : undefined;
    const status = code === undefined ? 500 : code === "STORE_FAILED" ? 503 : 400;
    await reply.code(status).send({ status: "error", code, msg: sentenceOf(error) });
  });
  server.get("/live", () => ({ status: "ok" }));
  server.get("/ready", () => ({ status: "ok", graph: engine.plan.graph.name }));
  server.get("/api/v1/status", () => engine.status());
  server.get("/api/v1/audit", () => ({ pages: engine.books() }));
  server.get("/api/v1/query", async (request, reply) => {
    const { store, merge, ...given } = onceEach(request.query as Record<string, string | string[]>);
    const wanted = readQuery({ selector: "", ...given, merge: merge === "true" });
    const name = chosenStore(engine.plan.graph, store);
    await engine.fresh(freshTimeoutMs);
    const result = await answer(contextOf(engine, catalogue), name, engine.store(name), wanted);
    await reply.type("application/json").send(resultToJson(result));
  });
  addTagRoutes(server, engine, tagsetWriter, () => engine.fresh(freshTimeoutMs));
  return server;
}
