import type { Client, QueryOptions, types } from "cassandra-driver";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { Log } from "../../runtime/log.ts";
import { type Connected, connect, type Driver, type DriverSettings, reasonOf } from "./driver.ts";
import { InFlight } from "./in-flight.ts";
import { isTransient } from "./transient-fault.ts";

export const consistencies = ["one", "local_one", "two", "quorum", "local_quorum", "each_quorum", "all"] as const;
export type Consistency = (typeof consistencies)[number];

export interface ClientSettings extends DriverSettings {
  readonly consistency: Consistency;
  /** Requests in flight at once. */
  readonly parallelism: number;
}

/** A value as the protocol writes it, or `undefined` to leave a column as it is. */
export type Parameter = Buffer | undefined;

/** Waits between the tries of a request: doubled each time, up to `max_ttr`, with up to a fifth more by chance. */
const retryMinMs = 100;
const retryFactor = 0.2;
/** With the waits above, and the 12 seconds that the driver waits for an answer, a request is given up after 1 to 3 minutes. */
const triesMax = 8;
const pageRows = 5_000;

/**
 * Prepared requests to one cluster: at most `parallelism` in flight, each tried again while the cluster is overloaded, lost or
 * slow. A request that waits for its next try keeps its place, so a slow cluster slows whoever asks.
 */
export class CassandraClient {
  readonly #client: Client;
  readonly #driver: Driver;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: ClientSettings;
  readonly #inFlight: InFlight;
  readonly #options: QueryOptions;
  #retries = 0;
  #closing = false;
  #stopWaiting: () => void = () => {};
  readonly #stopped: Promise<void>;

  private constructor({ client, driver }: Connected, settings: ClientSettings, clock: Clock, log: Log) {
    this.#client = client;
    this.#driver = driver;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#inFlight = new InFlight(settings.parallelism);
    const word = settings.consistency.replace(/_([a-z])/, (_, letter: string) => letter.toUpperCase());
    const consistency = driver.types.consistencies[word as keyof typeof types.consistencies];
    this.#options = { prepare: true, isIdempotent: true, consistency };
    this.#stopped = new Promise((resolve) => {
      this.#stopWaiting = resolve;
    });
  }

  /** @throws {EngineError} `CONNECTION_FAILED`. */
  static async open(settings: ClientSettings, clock: Clock, log: Log): Promise<CassandraClient> {
    return new CassandraClient(await connect(settings), settings, clock, log);
  }

  /** The rows of a request that changes nothing, page by page. */
  async *pages(query: string, parameters: readonly Parameter[] = []): AsyncGenerator<types.Row[], void, undefined> {
    let pageState: string | undefined;
    do {
      const options = { ...this.#options, fetchSize: pageRows, ...(pageState === undefined ? {} : { pageState }) };
      const result = await this.#inFlight.run(() =>
        this.#tried("read from", () => this.#client.execute(query, [...parameters], options)),
      );
      yield result.rows;
      pageState = result.pageState ?? undefined;
    } while (pageState !== undefined);
  }

  /** All rows of a request whose answer is small. */
  async rows(query: string, parameters: readonly Parameter[] = []): Promise<types.Row[]> {
    const all: types.Row[] = [];
    for await (const page of this.pages(query, parameters)) for (const row of page) all.push(row);
    return all;
  }

  /**
   * Writes every batch, each with one request; they are drawn as places become free.
   *
   * @throws {EngineError} `STORE_FAILED`: some of the batches are applied then, and a repeat of all of them does no harm.
   */
  async write(batches: Iterable<Batch>): Promise<void> {
    await this.#inFlight.runAll(batches, async (batch) => {
      await this.#tried("write to", () => this.#send(batch));
    });
  }

  /**
   * A change of the schema, once every node has it.
   *
   * @throws {EngineError} `STORE_FAILED`; retryable where the nodes did not agree within the 10 seconds that the driver waits.
   */
  async change(query: string): Promise<void> {
    const { info } = await this.#once(query, []);
    // The driver says so; its declarations do not.
    if ((info as { isSchemaInAgreement?: boolean }).isSchemaInAgreement === true) return;
    throw new EngineError("STORE_FAILED", "Cannot change the schema of Cassandra as its nodes do not agree on it", {
      retryable: true,
    });
  }

  /** A write under a condition. @returns whether it was applied. */
  async writeIf(query: string, parameters: readonly Parameter[]): Promise<boolean> {
    const result = await this.#once(query, parameters);
    return result.wasApplied();
  }

  /** Not tried again by itself: nobody knows whether a request without an answer was applied. */
  async #once(query: string, parameters: readonly Parameter[]): Promise<types.ResultSet> {
    const options = { ...this.#options, prepare: parameters.length > 0, isIdempotent: false };
    try {
      return await this.#client.execute(query, [...parameters], options);
    } catch (thrown) {
      throw this.#failed("change", thrown);
    }
  }

  /** Requests under way are not tried again. */
  async close(settled: Promise<unknown>): Promise<void> {
    this.#closing = true;
    this.#stopWaiting();
    await settled;
    await this.#client.shutdown();
  }

  #send({ rows, timestamp }: Batch): Promise<types.ResultSet> {
    const options = { ...this.#options, timestamp };
    const [only] = rows;
    if (only !== undefined && rows.length === 1) return this.#client.execute(only.query, only.params, options);
    return this.#client.batch(rows as BatchRow[], { ...options, logged: false });
  }

  async #tried<T>(action: string, request: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await request();
      } catch (thrown) {
        if (this.#closing || tries >= triesMax || !isTransient(thrown, this.#driver))
          throw this.#failed(action, thrown);
        this.#note(thrown);
        const waitMs = Math.min(this.#settings.max_ttr, retryMinMs * 2 ** (tries - 1));
        await this.#wait(waitMs * (1 + retryFactor * this.#clock.random()));
      }
    }
  }

  async #wait(ms: number): Promise<void> {
    let wake: () => void = () => {};
    const due = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const timer = this.#clock.after(ms, wake);
    await Promise.race([due, this.#stopped]);
    timer.cancel();
  }

  /** The first, and then every power of two, so that a long outage does not fill the log. */
  #note(thrown: unknown): void {
    this.#retries += 1;
    if (Number.isInteger(Math.log2(this.#retries))) {
      this.#log.warn("Cassandra did not do what it was asked: it is asked again", {
        reason: reasonOf(thrown),
        retries: this.#retries,
      });
    }
  }

  #failed(action: string, thrown: unknown): EngineError {
    return new EngineError("STORE_FAILED", `Cannot ${action} Cassandra: ${reasonOf(thrown)}`, {
      cause: thrown,
      retryable: isTransient(thrown, this.#driver),
    });
  }
}

/** One row of a batch, as the driver takes it. */
export interface BatchRow {
  /** Of an insertion; the driver prepares it once. */
  readonly query: string;
  readonly params: Parameter[];
}

/** Rows of one partition, written by one request. */
export interface Batch {
  /** At least one; a batch's place in the cluster is that of the first. */
  readonly rows: readonly BatchRow[];
  /** Write timestamp, µs since the epoch. */
  readonly timestamp: number;
}
