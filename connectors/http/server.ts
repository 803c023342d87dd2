import type { AddressInfo } from "node:net";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { ByteBudget, type ByteShare } from "./byte-budget.ts";
import { HttpFault } from "./http-fault.ts";
import { readBody, textOf } from "./request-body.ts";

/** What a sender is told. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** Who takes the bodies. */
export interface Intake {
  /** @throws {HttpFault} when a request would not be taken now: its body is not read then. */
  checkRoom(): void;
  /** Called with a whole body, JSON as text; gives back the share once nothing is held for the request any more. */
  accept(body: string | Uint8Array, share: ByteShare): Promise<Answer>;
}

export interface ServerLimits {
  readonly bodyBytesMax: number;
  /** Of all requests together that are being read or wait. */
  readonly waitingBytesMax: number;
  readonly connectionsMax: number;
  readonly responseTimeoutMs: number;
}

/** A listening server. */
export interface MessageServer {
  readonly host: string;
  readonly port: number;
  /** Stops listening at once; open requests that are not answered after a second lose their connection. */
  close(): Promise<void>;
}

const seriesPath = "/api/v1/series";
const livePath = "/live";
/** A sender that is slower than this holds a connection for nothing. */
const headersTimeoutMs = 10_000;
const bodyTimeoutMs = 60_000;
const keepAliveMs = 30_000;
const closeGraceMs = 1_000;
const retryAfterSeconds = 1;

/**
 * Listens for bodies POSTed to `/api/v1/series`, and answers `GET /live` with 200.
 *
 * @throws {EngineError} `ADDRESS_IN_USE`, or `CONNECTION_FAILED` where the address cannot be listened on for another reason.
 */
export async function listen(
  { host, port }: { readonly host: string; readonly port: number },
  limits: ServerLimits,
  intake: Intake,
  clock: Clock,
): Promise<MessageServer> {
  const { fastify } = await import("fastify");
  const app = fastify({
    return503OnClosing: false,
    requestTimeout: bodyTimeoutMs,
    connectionTimeout: limits.responseTimeoutMs + bodyTimeoutMs,
    keepAliveTimeout: keepAliveMs,
    http: { headersTimeout: headersTimeoutMs, connectionsCheckingInterval: headersTimeoutMs / 2 },
  });
  app.server.maxConnections = limits.connectionsMax;
  addRoutes(app, limits, intake);
  try {
    await app.listen({ host, port });
  } catch (cause) {
    await app.close();
    throw cannotListen(host, port, cause);
  }
  const { port: listening } = app.server.address() as AddressInfo;
  return { host, port: listening, close: () => close(app, clock) };
}

function addRoutes(app: FastifyInstance, limits: ServerLimits, intake: Intake): void {
  const budget = new ByteBudget(limits.waitingBytesMax);
  const shares = new WeakMap<FastifyRequest, ByteShare>();

  app.removeAllContentTypeParsers();
  const read = async <T>(request: FastifyRequest, as: (body: Buffer) => T): Promise<T> => {
    const share = budget.share();
    shares.set(request, share);
    checkLength(request.headers["content-length"], limits.bodyBytesMax);
    try {
      return as(await readBody(request.raw, request.headers["content-encoding"], limits.bodyBytesMax, share));
    } catch (fault) {
      share.giveBack();
      throw fault;
    }
  };
  app.addContentTypeParser(jsonTypes, (request: FastifyRequest) => read(request, textOf));
  app.addContentTypeParser(protobufType, (request: FastifyRequest) => read(request, (body) => body));
  app.post(seriesPath, { onRequest: async () => intake.checkRoom() }, async (request, reply) => {
    const share = shares.get(request);
    if (share === undefined) throw new HttpFault(400, "Cannot read the messages as there is no body");
    const { status, body } = await intake.accept(request.body as string | Uint8Array, share);
    return reply.code(status).send(body);
  });
  app.get(livePath, () => ({ status: "ok" }));
  app.setNotFoundHandler((request, reply) => refuseRoute(request, reply));
  app.setErrorHandler((error, _request, reply) => refuse(error, reply));
}

/** Before a byte of the body is read. */
function checkLength(header: string | undefined, bytesMax: number): void {
  if (Number(header ?? 0) > bytesMax) {
    throw new HttpFault(413, `Cannot accept a body of more than ${bytesMax} bytes (max_body): it has ${header}`);
  }
}

function refuse(error: unknown, reply: FastifyReply): FastifyReply {
  const status = error instanceof HttpFault ? error.status : statusOf(error);
  if (status === 503) reply.header("retry-after", retryAfterSeconds);
  const msg = status === 415 && !(error instanceof HttpFault) ? unsupportedType : sentenceOf(error);
  return reply.code(status).send({ status: "error", msg });
}

const jsonTypes = ["application/json", "application/x-ndjson"];
/** One `MessagePB` a body. */
const protobufType = "application/x-protobuf";
const unsupportedType = `Cannot read the body as its Content-Type must be ${[...jsonTypes, protobufType].join(" or ")}`;

/** The status that the library gave its own error; a bug of ours is a 500. */
function statusOf(error: unknown): number {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" ? status : 500;
}

function refuseRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split("?", 1)[0];
  const allowed = path === seriesPath ? "POST" : path === livePath ? "GET, HEAD" : undefined;
  if (allowed === undefined) {
    const msg = `Cannot find "${path}" as messages are POSTed to ${seriesPath}`;
    return reply.code(404).send({ status: "error", msg });
  }
  const msg = `Cannot take ${request.method} at ${path} as it allows ${allowed}`;
  return reply.code(405).header("allow", allowed).send({ status: "error", msg });
}

async function close(app: FastifyInstance, clock: Clock): Promise<void> {
  const timer = clock.after(closeGraceMs, () => app.server.closeAllConnections());
  try {
    await app.close();
  } finally {
    timer.cancel();
  }
}

function cannotListen(host: string, port: number, cause: unknown): EngineError {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const action = `Cannot listen on ${host}:${port}`;
  return code === "EADDRINUSE"
    ? new EngineError("ADDRESS_IN_USE", `${action} as another process does`, { cause, retryable: true })
    : new EngineError("CONNECTION_FAILED", `${action}: ${sentenceOf(cause)}`, { cause, retryable: true });
}
