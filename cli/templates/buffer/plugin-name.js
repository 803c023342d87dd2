// @ts-check
import { open, readFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { defineBuffer, integer, MemoryBuffer, ObservationChunk, path, Receipt, record, Tally } from "millrace/plugin";

/**
 * Everything is in memory, and all that happened in a file that is read when the buffer is opened. As the file only grows, it suits
 * small graphs.
 */
export const buffer = defineBuffer({
  type: "plugin-name",
  summary: "Keeps data points in memory, and what became of them in a file.",
  durable: true,
  settings: record({
    path: path("The file."),
    partitions: integer("Parts that are read independently, as many as when the file was begun.", {
      min: 1,
      default: 1,
    }),
    max_rows: integer("It is full beyond this number of data points.", { min: 1, default: 100_000 }),
  }),
  async open({ path, partitions, max_rows }, { clock, table }) {
    const buffer = new LoggedBuffer({ partitions, rowsMax: max_rows }, clock);
    await buffer.load(path, table);
    return buffer;
  },
});

/**
 * A call that changed the buffer.
 *
 * @typedef {{
 *   append?: ReturnType<typeof plain>[], retain?: string[], consumer?: string, partition?: number,
 *   commit?: { position: number } & ReturnType<typeof counted>,
 * }} Entry
 */

class LoggedBuffer extends MemoryBuffer {
  durable = true;
  /** @type {import("node:fs/promises").FileHandle | undefined} */
  #file;
  /** Entries go to the file one after the other. */
  #last = Promise.resolve();

  /** @param {string} path @param {import("millrace/plugin").SeriesTable} table */
  async load(path, table) {
    const bytes = await readFile(path).catch((error) => {
      if (error.code === "ENOENT") return Buffer.alloc(0);
      throw error;
    });
    let at = 0;
    while (at + 4 <= bytes.length && at + 4 + bytes.readUInt32LE(at) <= bytes.length) {
      const end = at + 4 + bytes.readUInt32LE(at);
      await this.#repeat(deserialize(bytes.subarray(at + 4, end)), table);
      at = end;
    }
    this.#file = await open(path, "a");
    // An entry that was cut off by a crash was never acknowledged.
    await this.#file.truncate(at);
  }

  /** @param {import("millrace/plugin").ObservationChunk[]} chunks */
  async append(chunks) {
    await super.append(chunks);
    await this.#note({ append: chunks.map(plain) });
  }

  /** @param {string} consumer @param {number} partition */
  reader(consumer, partition) {
    const reader = super.reader(consumer, partition);
    const commit = reader.commit.bind(reader);
    // A consumer whose joining was lost joins again.
    this.#note({ consumer, partition }).catch(nothing);
    reader.commit = async (position, settled) => {
      const counts = counted(settled);
      await commit(position, tallied(counts));
      await this.#note({ consumer, partition, commit: { position, ...counts } });
    };
    return reader;
  }

  /** @param {string[]} consumers */
  async retain(consumers) {
    await super.retain(consumers);
    await this.#note({ retain: consumers });
  }

  async close() {
    await super.close();
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
  }

  /** @param {Entry} entry @param {import("millrace/plugin").SeriesTable} table */
  async #repeat({ append, retain, consumer = "", partition = 0, commit }, table) {
    if (append !== undefined) return super.append(append.map((chunk) => restored(chunk, table)));
    if (retain !== undefined) return super.retain(retain);
    const reader = super.reader(consumer, partition);
    if (commit !== undefined) await reader.commit(commit.position, tallied(commit));
    reader.close();
  }

  /** @param {Entry} entry */
  #note(entry) {
    const bytes = serialize(entry);
    const size = Buffer.alloc(4);
    size.writeUInt32LE(bytes.length);
    const done = this.#last.then(() => this.#file?.appendFile(Buffer.concat([size, bytes])));
    this.#last = done.catch(nothing);
    return done;
  }
}

/**
 * A chunk with the names of its series, which have other numbers in another run.
 *
 * @param {import("millrace/plugin").ObservationChunk} chunk
 */
function plain({ table, layout, length, series, time, values }) {
  const names = new Map();
  for (const index of series.subarray(0, length)) {
    const { metric, tagset, type } = table.at(index);
    names.set(index, [metric, tagset, type]);
  }
  return { names, layout, length, series, time, values };
}

/** @param {Tally} tally */
function counted({ entered, added, durable, filtered, deadLettered }) {
  return { entered, added, durable, filtered, deadLettered };
}

/** @param {ReturnType<typeof counted>} counts */
function tallied({ entered, added, durable, filtered, deadLettered }) {
  const tally = Object.assign(new Tally(), { entered, added, durable });
  for (const [reason, rows] of filtered) tally.filtered.set(reason, rows);
  for (const [reason, rows] of deadLettered) tally.deadLettered.set(reason, rows);
  return tally;
}

/** @param {ReturnType<typeof plain>} chunk @param {import("millrace/plugin").SeriesTable} table */
function restored({ names, layout, length, series, time, values }, table) {
  const interned = new Map();
  for (const [index, [metric, tagset, type]] of names) interned.set(index, table.intern(metric, tagset, type).index);
  const columns = { series: series.subarray(0, length).map((index) => interned.get(index)), time, values };
  return new ObservationChunk(table, layout, length, columns, new Receipt(length, nothing, nothing));
}

const nothing = () => {};
