import { readFileSync } from "node:fs";
import type { Client, DseClientOptions } from "cassandra-driver";
import type { SecurityPolicy } from "../../config/security-policy.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";

export interface DriverSettings {
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  readonly local_data_center: string;
  readonly security: SecurityPolicy;
  /** Longest wait between two tries to connect, ms. */
  readonly max_ttr: number;
}

export type Driver = typeof import("cassandra-driver");

export interface Connected {
  readonly driver: Driver;
  readonly client: Client;
}

const reconnectMinMs = 250;

/** What the driver's declarations leave out of a host. */
interface Removed {
  /** Waits for the answers under way, in the background. */
  shutdown(waitForPending: true): Promise<void>;
}

/**
 * Connects to a cluster. The driver is loaded here, when a graph first needs it.
 *
 * @throws {EngineError} `CONNECTION_FAILED`, retryable; `PATH_UNREADABLE` or `VARIABLE_MISSING` of the security policy.
 */
export async function connect(settings: DriverSettings): Promise<Connected> {
  const { default: driver } = await import("cassandra-driver");
  const client = new driver.Client(optionsOf(settings, driver));
  client.on("hostRemove", (host: Removed) => void host.shutdown(true));
  try {
    await client.connect();
    return { driver, client };
  } catch (cause) {
    await client.shutdown().catch(() => {});
    const nodes = settings.nodes.map(({ host, port }) => `${host}:${port}`).join(", ");
    throw new EngineError("CONNECTION_FAILED", `Cannot connect to Cassandra at ${nodes}: ${reasonOf(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

/**
 * What the driver would do by itself, and why it is told otherwise. This is the one place for its defects (4.10):
 *
 * - It retries in ways of its own, without a wait, and only some faults. Here it retries nothing; `CassandraClient` does.
 * - After a while it looks for a lost node every ten minutes only. Here `max_ttr` bounds that.
 * - A connection takes 2,048 requests at once and refuses more: it never queues. `CassandraClient` bounds what is in flight.
 * - Where all nodes were lost it forgets those it knew, which connect again all the same, and then for ever: a client that was shut down keeps
 *   the process from its end. Here they are shut down as they are forgotten.
 * - With TLS it accepts any certificate unless told otherwise.
 * - A map is read as an object, in which the key `__proto__` is lost. Here it is a `Map`.
 * - An integer of 64 bits is an object of its own. Here it is a `bigint`.
 */
function optionsOf(settings: DriverSettings, { auth, policies }: Driver): DseClientOptions {
  const { nodes, local_data_center, security, max_ttr } = settings;
  const login = loginOf(security);
  return {
    contactPoints: nodes.map(({ host, port }) => (host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`)),
    localDataCenter: local_data_center,
    applicationName: "millrace",
    policies: {
      retry: new policies.retry.FallthroughRetryPolicy(),
      reconnection: new policies.reconnection.ExponentialReconnectionPolicy(
        Math.min(reconnectMinMs, max_ttr),
        Math.max(reconnectMinMs, max_ttr),
        false,
      ),
    },
    encoding: { map: Map, set: Set, useBigIntAsLong: true, useBigIntAsVarint: true },
    ...(login && { authProvider: new auth.PlainTextAuthProvider(login.name, login.password) }),
    ...(security.type === "tls" && { sslOptions: { rejectUnauthorized: true, ...certificatesOf(security) } }),
  };
}

function loginOf(security: SecurityPolicy): { name: string; password: string } | undefined {
  if (security.type === "anonymous" || security.login === undefined) return undefined;
  return { name: security.login, password: security.password?.reveal() ?? "" };
}

function certificatesOf({ ca, cert, key }: Extract<SecurityPolicy, { type: "tls" }>) {
  return { ...(ca && { ca: pem(ca) }), ...(cert && { cert: pem(cert) }), ...(key && { key: pem(key) }) };
}

function pem(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new EngineError("PATH_UNREADABLE", `Cannot read "${path}": ${sentenceOf(cause)}`, { cause });
  }
}

/** The driver hides what went wrong in a list of errors by node. */
export function reasonOf(thrown: unknown): string {
  const { innerErrors } = thrown as { innerErrors?: Readonly<Record<string, unknown>> };
  const reasons = Object.entries(innerErrors ?? {}).map(([node, error]) => `${node}: ${sentenceOf(error)}`);
  return reasons.length > 0 ? reasons.join("; ") : sentenceOf(thrown);
}
