import { readFileSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";

/** What has come to rest. */
export interface ProgressCounts {
  /** Rows of the old table. */
  rows: number;
  /** Data points in them. */
  points: number;
  /** Values and rows that could not be taken over; they are among the dead letters. */
  rejected: number;
}

/**
 * Which parts of a keyspace are read, and everything made from them at rest: a file, written after each part. A run that was
 * interrupted goes on with the others, and reads again only the part it was at.
 */
export class TsorageProgress {
  readonly #path: string;
  readonly #keyspace: string;
  readonly #done: Set<number>;
  readonly counts: ProgressCounts;
  #writing: Promise<void> = Promise.resolve();

  /** @throws {EngineError} `PATH_UNREADABLE`, or `FORMAT_UNSUPPORTED` where the file is of another keyspace. */
  constructor(path: string, keyspace: string) {
    this.#path = path;
    this.#keyspace = keyspace;
    const stored = read(path);
    if (stored !== undefined && stored.keyspace !== keyspace) {
      const rule = `it must be of the keyspace "${keyspace}"`;
      throw new EngineError(
        "FORMAT_UNSUPPORTED",
        `Cannot go on from "${path}" as ${rule}: it is of "${stored.keyspace}"`,
      );
    }
    this.#done = new Set(stored?.done ?? []);
    this.counts = stored?.counts ?? { rows: 0, points: 0, rejected: 0 };
  }

  isDone(part: number): boolean {
    return this.#done.has(part);
  }

  /** Resolves once the file says so. */
  done(part: number, counts: ProgressCounts): Promise<void> {
    this.#done.add(part);
    this.counts.rows += counts.rows;
    this.counts.points += counts.points;
    this.counts.rejected += counts.rejected;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const text = JSON.stringify({ keyspace: this.#keyspace, counts: this.counts, done: [...this.#done] });
    const part = `${this.#path}.part`;
    try {
      await writeFile(part, `${text}\n`);
      await rename(part, this.#path);
    } catch (cause) {
      throw new EngineError("PATH_UNREADABLE", `Cannot write "${this.#path}": ${sentenceOf(cause)}`, { cause });
    }
  }
}

interface Stored {
  readonly keyspace: string;
  readonly counts: ProgressCounts;
  readonly done: readonly number[];
}

function read(path: string): Stored | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Stored;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new EngineError("PATH_UNREADABLE", `Cannot go on from "${path}": ${sentenceOf(cause)}`, { cause });
  }
}
