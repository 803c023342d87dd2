import type { types } from "cassandra-driver";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource, type SourceElement } from "../../blocks/model/component.ts";
import { type DeadLetter, DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import { choice, integer, path, record, type SettingsOf, text } from "../../config/declare.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Source } from "../../runtime/streams/source.ts";
import { bigintCell } from "./cell.ts";
import { CassandraClient, consistencies } from "./client.ts";
import { keyspacePattern } from "./keyspaces.ts";
import { clusterSettings } from "./settings.ts";
import { TsorageProgress } from "./tsorage-progress.ts";
import { pointsOfRow, tsorageColumns } from "./tsorage-row.ts";

const settings = record({
  ...clusterSettings,
  keyspace: text("Keyspace in which TSorage keeps raw data points.", {
    default: "tsorage_ts",
    pattern: keyspacePattern,
  }),
  progress: path("File that remembers what is copied, so that a run that was interrupted goes on.", {
    default: "./tsorage-progress.json",
  }),
  consistency: choice("How many copies must have answered.", consistencies, { default: "local_quorum" }),
  parallelism: integer("Requests in flight at once.", { min: 1, max: 2_000, default: 4 }),
});

type TsorageSettings = SettingsOf<typeof settings>;

/** Parts of the ring of tokens; each is a step of progress. */
const partCount = 256n;
const ringStart = -(2n ** 63n);
const partLength = 2n ** 64n / partCount;

/**
 * The raw data points of a keyspace of TSorage, part by part of the ring of tokens.
 *
 * Emits:         the rows of a page of 5,000 together; then the dead letters among them.
 * Backpressures: reads a page only when asked.
 * Completes:     when the last part is at rest; a part that an earlier run copied is not read.
 * Cancels:       closes the connection.
 * State:         one page, and the counts of the parts that are not at rest yet, at most 256.
 * Delivery:      a part counts as copied once all that was made from it is at rest; else the next run reads it again, and repeats
 *                are harmless.
 */
async function open(given: TsorageSettings, context: ComponentContext): Promise<Source<SourceElement, unknown>> {
  const progress = new TsorageProgress(given.progress, given.keyspace);
  // A cluster that is not there is a fault of `open`.
  await (await CassandraClient.open(given, context.clock, context.log)).close(Promise.resolve());
  return Source.from({ [Symbol.asyncIterator]: () => new TsorageRun(given, context, progress).elements() });
}

class TsorageRun {
  readonly #given: TsorageSettings;
  readonly #context: ComponentContext;
  readonly #progress: TsorageProgress;
  readonly #builder: ChunkBuilder;
  #failure: Error | undefined;
  readonly #copying = new Set<Promise<void>>();

  constructor(given: TsorageSettings, context: ComponentContext, progress: TsorageProgress) {
    this.#given = given;
    this.#context = context;
    this.#progress = progress;
    this.#builder = new ChunkBuilder(context.table);
  }

  async *elements(): AsyncGenerator<SourceElement, undefined, undefined> {
    const { clock, log } = this.#context;
    const client = await CassandraClient.open(this.#given, clock, log);
    const query = `SELECT metric, tagset, datetime, ${tsorageColumns.join(", ")} FROM ${this.#given.keyspace}.observations
      WHERE token(metric, tagset, shard) > ? AND token(metric, tagset, shard) <= ?`;
    try {
      for (let part = 0; part < Number(partCount); part += 1) {
        if (this.#progress.isDone(part)) continue;
        const from = ringStart + BigInt(part) * partLength;
        const copied = new CopiedPart();
        this.#follow(copied, part);
        for await (const page of client.pages(query, [
          bigintCell(from),
          bigintCell(from + partLength - lastShort(part)),
        ])) {
          yield* this.#elementsOf(page, copied);
          if (this.#failure !== undefined) throw this.#failure;
        }
        copied.release();
      }
      while (this.#copying.size > 0 && this.#failure === undefined) await Promise.race(this.#copying);
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      await client.close(Promise.resolve());
    }
    return undefined;
  }

  *#elementsOf(page: readonly types.Row[], copied: CopiedPart): Generator<SourceElement, void, undefined> {
    const letters: DeadLetter[] = [];
    for (const row of page) this.#take(row, letters);
    copied.counts.rows += page.length;
    copied.counts.points += this.#builder.rows;
    copied.counts.rejected += letters.length;
    if (this.#builder.rows > 0) yield* this.#builder.build(this.#receipt(this.#builder.rows, copied));
    if (letters.length === 0) return;
    const receipt = this.#receipt(letters.length, copied);
    for (const { code } of letters) receipt.deadLettered(code, 1);
    yield new DeadLetterChunk(letters, receipt);
  }

  #take(row: types.Row, letters: DeadLetter[]): void {
    const metric = row.metric as string;
    const tagset = row.tagset as Map<string, string>;
    const { points, faults } = pointsOfRow(row);
    try {
      for (const { type, value } of points) {
        this.#builder.add(this.#context.table.intern(metric, tagset, type), (row.datetime as Date).getTime(), value);
      }
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown;
      faults.push(thrown.message);
    }
    const { node, clock } = this.#context;
    for (const reason of faults) {
      const payload = { metric, tagset: Object.fromEntries(tagset), datetime: (row.datetime as Date).toISOString() };
      letters.push({ node, code: "VALUE_INVALID", reason, where: { node }, payload, at: clock.now() });
    }
  }

  #receipt(rows: number, copied: CopiedPart): Receipt {
    copied.hold();
    return new Receipt(
      rows,
      () => copied.release(),
      (error) => {
        this.#failure ??= error;
        copied.fail(error);
      },
    );
  }

  #follow(copied: CopiedPart, part: number): void {
    const following = copied.atRest
      .then(() => this.#progress.done(part, copied.counts))
      .catch((error: Error) => {
        this.#failure ??= error;
      })
      .finally(() => this.#copying.delete(following));
    this.#copying.add(following);
  }
}

/** The ring has no token behind its last. */
const lastShort = (part: number) => (part === Number(partCount) - 1 ? 1n : 0n);

/** One part of the ring, until all that was made from it is at rest. */
class CopiedPart {
  readonly counts = { rows: 0, points: 0, rejected: 0 };
  #holders = 1;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};
  readonly atRest = new Promise<void>((resolve, reject) => {
    this.#resolve = resolve;
    this.#reject = reject;
  });

  hold(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.#resolve();
  }

  fail(error: Error): void {
    this.#reject(error);
  }
}

export const tsorageSource = defineSource({
  type: "tsorage",
  summary: "Reads the raw data points that TSorage keeps in Cassandra, once.",
  delivery: "at-least-once",
  finite: () => true,
  settings,
  open,
});
