import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import type { Database, RangeIterable, RangeOptions, RootDatabase } from "lmdb";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";

/** Keys and values as bytes, ordered by key. What it returns are copies. */
export type KeyValues = Database<Buffer, Buffer>;

/** One step of a transaction: `value` stands at `key`, or, where undefined, nothing does. */
export interface Operation {
  readonly table: KeyValues;
  readonly key: Buffer;
  readonly value: Uint8Array | undefined;
}

/** Entries of a table in a range; see `iterated`. */
export const entriesOf = (table: KeyValues, range: RangeOptions) => iterated(table.getRange(range));

/** Keys of a table in a range; see `iterated`. */
export const keysOf = (table: KeyValues, range: RangeOptions) => iterated(table.getKeys(range));

/**
 * What the library's ranges give, without the reference that they keep to their iterator: with it both become old before they
 * are collected, some 2 KB for each look into a table.
 */
function iterated<T>(range: RangeIterable<T>): Iterable<T> {
  const { iterate } = range as RangeIterable<T> & { iterate: () => Iterator<T> };
  return { [Symbol.iterator]: iterate };
}

export interface EnvironmentOptions {
  readonly path: string;
  /** What the folder holds and in which version, such as `store 1`; written into a new folder, compared in an old one. */
  readonly format: string;
  /** Only reads: needs no ownership, and may run beside the owner, in another process. */
  readonly readOnly: boolean;
}

/** The longest key: the library's own bound with room to spare. */
const keyBytesMax = 1024;

/**
 * One lmdb environment in one folder: named tables, and transactions that are durable when they resolve.
 *
 * The file grows as needed and never shrinks; pages that were freed are used again. The map of the file is enlarged by the
 * library, bounded by the disk. Readers see a snapshot that is renewed each turn and after each commit.
 */
export class Environment {
  readonly #root: RootDatabase<Buffer, Buffer>;
  readonly #path: string;
  readonly #tables = new Map<string, KeyValues>();

  private constructor(root: RootDatabase<Buffer, Buffer>, path: string) {
    this.#root = root;
    this.#path = path;
  }

  /** @throws {EngineError} `PATH_UNREADABLE`, `FORMAT_UNSUPPORTED`. */
  static async open(options: EnvironmentOptions): Promise<Environment> {
    const { path, readOnly } = options;
    const lmdb = await import("lmdb");
    let root: RootDatabase<Buffer, Buffer>;
    try {
      if (!readOnly) await mkdir(path, { recursive: true });
      await checkFile(path, readOnly);
      root = lmdb.open<Buffer, Buffer>({
        path,
        readOnly,
        noSubdir: false,
        maxDbs: 8,
        encoding: "binary",
        keyEncoding: "binary",
        // A commit resolves after its fsync, not before.
        overlappingSync: false,
        // With it the library makes a promise of its own per turn, which nobody can catch when the disk is full.
        eventTurnBatching: false,
      });
    } catch (thrown) {
      throw openFailed(path, thrown);
    }
    const environment = new Environment(root, path);
    try {
      await environment.#checkFormat(options);
    } catch (thrown) {
      await environment.close();
      throw thrown;
    }
    return environment;
  }

  table(name: string): KeyValues {
    const table = this.tableIfThere(name);
    if (table !== undefined) return table;
    throw new EngineError("FORMAT_UNSUPPORTED", `Cannot read "${this.#path}" as it has no table "${name}"`);
  }

  /** A table that an older version may not have made; undefined where it cannot be made, as it is only read. */
  tableIfThere(name: string): KeyValues | undefined {
    const opened = this.#tables.get(name);
    if (opened !== undefined) return opened;
    const table: KeyValues | undefined = this.#root.openDB({ name, encoding: "binary", keyEncoding: "binary" });
    if (table !== undefined) this.#tables.set(name, table);
    return table;
  }

  /**
   * Applies all operations in one transaction, in order; the write and its fsync happen on a thread of their own.
   *
   * @returns resolves once durable.
   * @throws {EngineError} `STORE_FAILED`: nothing was applied. Retryable unless the file is damaged.
   */
  async commit(operations: readonly Operation[]): Promise<void> {
    if (operations.length === 0) return;
    const long = operations.find(({ key }) => key.byteLength > keyBytesMax);
    if (long !== undefined) {
      throw new EngineError(
        "STORE_FAILED",
        `Cannot write to "${this.#path}" as a name has at most ${keyBytesMax} bytes: it is ${long.key.byteLength}`,
      );
    }
    try {
      await this.#root.batch(() => {
        for (const { table, key, value } of operations) {
          if (value === undefined) void table.remove(key);
          // Any bytes will do for the library.
          else void table.put(key, value as Buffer);
        }
      });
    } catch (thrown) {
      const cause = await causeOf(thrown);
      throw new EngineError(
        "STORE_FAILED",
        `Cannot write to "${this.#path}" as the disk refused: ${sentenceOf(cause)}`,
        {
          cause,
          retryable: !damaged.has(numberOf(cause)),
        },
      );
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  async #checkFormat({ format, readOnly }: EnvironmentOptions): Promise<void> {
    const meta = this.table("meta");
    const stored = meta.get(formatKey)?.toString("utf8");
    if (stored === format) return;
    if (stored === undefined && !readOnly) {
      await this.commit([{ table: meta, key: formatKey, value: Buffer.from(format) }]);
      return;
    }
    throw new EngineError(
      "FORMAT_UNSUPPORTED",
      `Cannot open "${this.#path}" as this version reads the format "${format}": it is "${stored ?? "unknown"}"`,
    );
  }
}

const formatKey = Buffer.from("format");

/** MDB_CORRUPTED, MDB_PANIC, MDB_VERSION_MISMATCH, MDB_INVALID: no later try will do better. */
const damaged: ReadonlySet<number> = new Set([-30796, -30795, -30794, -30793]);

/** The library ends the process when it opens a file that is not its own, so the file's mark is looked at before. */
async function checkFile(path: string, readOnly: boolean): Promise<void> {
  const start = new Uint8Array(32);
  let bytes = 0;
  try {
    const file = await open(join(path, "data.mdb"), "r");
    bytes = await file
      .read(start)
      .then(({ bytesRead }) => bytesRead)
      .finally(() => file.close());
  } catch (thrown) {
    if (readOnly || (thrown as NodeJS.ErrnoException).code !== "ENOENT") throw thrown;
  }
  if (bytes === 0 && !readOnly) return;
  const mark = Buffer.from(start.buffer).readUInt32LE(markAt);
  if (mark === lmdbMark) return;
  throw new EngineError("FORMAT_UNSUPPORTED", `Cannot open "${path}" as its file "data.mdb" is no database of ours`);
}

/** MDB_MAGIC, behind the header of the first page in data version 2. */
const lmdbMark = 0xbeefc0de;
const markAt = 24;

function openFailed(path: string, thrown: unknown): EngineError {
  if (thrown instanceof EngineError) return thrown;
  if (damaged.has(numberOf(thrown))) {
    return new EngineError("FORMAT_UNSUPPORTED", `Cannot open "${path}" as its file is no database of ours`, {
      cause: thrown,
    });
  }
  return new EngineError("PATH_UNREADABLE", `Cannot open "${path}" as it cannot be read: ${sentenceOf(thrown)}`, {
    cause: thrown,
  });
}

function numberOf(thrown: unknown): number {
  const code = thrown instanceof Error ? (thrown as { code?: unknown }).code : undefined;
  return typeof code === "number" ? code : 0;
}

/** The library rejects with "see commitError", a promise of the real cause; unwatched, it would end the process. */
async function causeOf(thrown: unknown): Promise<unknown> {
  if (!(thrown instanceof Error) || !("commitError" in thrown)) return thrown;
  return await Promise.resolve(thrown.commitError).then(
    () => thrown,
    (cause: unknown) => cause,
  );
}
