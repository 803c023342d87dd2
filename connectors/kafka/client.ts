import { readFileSync } from "node:fs";
import type { Kafka, KafkaConfig, LogEntry, SASLOptions } from "kafkajs";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { registerCodecs } from "./codecs.ts";
import { mendRequestQueue } from "./defects.ts";
import { loadKafkajs } from "./kafkajs-internals.ts";
import type { ClusterSettings } from "./settings.ts";

export interface ClientContext {
  readonly graph: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
}

const connectTimeoutMs = 5_000;
const retryAtFirstMs = 100;

/**
 * A client of kafkajs with the settings of a component; it connects when it is used.
 *
 * @param retries Of one request, connecting included. Few at the start of a graph, where a fault is the user's to mend.
 */
export async function kafkaClient(settings: ClusterSettings, context: ClientContext, retries = 8): Promise<Kafka> {
  const kafkajs = await loadKafkajs();
  mendRequestQueue();
  await registerCodecs(kafkajs);
  const { Kafka, logLevel } = kafkajs;
  return new Kafka({
    clientId: `millrace-${context.graph}-${context.node}`,
    brokers: settings.nodes.map(({ host, port }) => `${host}:${port}`),
    connectionTimeout: connectTimeoutMs,
    authenticationTimeout: connectTimeoutMs,
    retry: { initialRetryTime: Math.min(retryAtFirstMs, settings.max_ttr), maxRetryTime: settings.max_ttr, retries },
    ...credentials(settings),
    logLevel: logLevel.WARN,
    logCreator: () => logTo(context),
  });
}

/** @returns `CONNECTION_FAILED`, retryable. */
export function unreachable({ nodes }: ClusterSettings, cause: unknown): EngineError {
  const where = nodes.map(({ host, port }) => `${host}:${port}`).join(", ");
  return new EngineError("CONNECTION_FAILED", `Cannot reach Kafka at ${where}: ${sentenceOf(rootOf(cause))}`, {
    retryable: true,
    cause,
  });
}

/** What kafkajs wraps in "number of retries exceeded" says more than that. */
export function rootOf(error: unknown): unknown {
  const { cause } = error as { readonly cause?: unknown };
  return cause instanceof Error ? rootOf(cause) : error;
}

function credentials({ security, sasl }: ClusterSettings): Pick<KafkaConfig, "ssl" | "sasl"> {
  if (security.type === "anonymous") return {};
  const { login, password } = security;
  const account =
    login === undefined || password === undefined
      ? {}
      : { sasl: { mechanism: sasl, username: login, password: password.reveal() } as SASLOptions };
  if (security.type === "password") return account;
  const { ca, cert, key } = security;
  const ssl = {
    ...(ca === undefined ? {} : { ca: [pem(ca)] }),
    ...(cert === undefined || key === undefined ? {} : { cert: pem(cert), key: pem(key) }),
  };
  return { ssl, ...account };
}

function pem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EngineError("PATH_UNREADABLE", `Cannot prove who we are as "${path}" must be readable`, { cause });
  }
}

/** The same sentence again is left out for this long. */
const repeatMs = 60_000;
const sentencesMax = 100;

/** kafkajs' own warnings, without their details, in which secrets could stand, and once a minute each. */
function logTo({ clock, log }: ClientContext): (entry: LogEntry) => void {
  const said = new Map<string, number>();
  return ({ level, log: { message, error } }) => {
    const text = typeof error === "string" && error !== message ? `${message}: ${error}` : message;
    const now = clock.monotonic();
    const last = said.get(text);
    if (last !== undefined && now - last < repeatMs) return;
    if (said.size >= sentencesMax) said.clear();
    said.set(text, now);
    // 1 is an error, 2 a warning. Whether it must be mended by somebody is known where the component gives up.
    if (level <= 1 && /out of range/.test(message)) log.error(`Records are gone before they were read: ${text}`);
    else log.warn(`Kafka: ${text}`);
  };
}
