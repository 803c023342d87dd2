// @ts-check
import { open, readFile } from "node:fs/promises";
import { deserialize, serialize } from "node:v8";
import { defineStore, MemoryStore, path, record } from "millrace/plugin";

/** Everything is in memory, and every write in a file that is read when the store is opened: it suits small graphs. */
export const store = defineStore({
  type: "plugin-name",
  summary: "Keeps everything in memory, and the writes in a file.",
  settings: record({ path: path("The file.") }),
  async open({ path }) {
    const store = new LoggedStore(path);
    await store.load();
    return store;
  },
  async openReadOnly({ path }) {
    const store = new MemoryStore();
    await replay(path, store);
    return store;
  },
});

class LoggedStore extends MemoryStore {
  /** @type {import("node:fs/promises").FileHandle | undefined} */
  #file;
  /** Writes go to the file one after the other. */
  #last = Promise.resolve();

  /** @param {string} path */
  constructor(path) {
    super();
    this.path = path;
  }

  async load() {
    const bytes = await replay(this.path, { write: (write) => super.write(write) });
    this.#file = await open(this.path, "a");
    // A write that was cut off by a crash was never acknowledged.
    await this.#file.truncate(bytes);
  }

  /** @param {import("millrace/plugin").StoreWrite} write */
  write(write) {
    const done = this.#last.then(async () => {
      const record = serialize({ ...write, ...plain(write) });
      const size = Buffer.alloc(4);
      size.writeUInt32LE(record.length);
      await super.write(write);
      await this.#file?.appendFile(Buffer.concat([size, record]));
      await this.#file?.datasync();
    });
    this.#last = done.catch(() => {});
    return done;
  }

  async close() {
    await this.#last;
    await this.#file?.close();
    this.#file = undefined;
    await super.close();
  }
}

/**
 * Of what may be an object of any class, what is kept.
 *
 * @param {import("millrace/plugin").StoreWrite} write
 */
function plain({ observations, states }) {
  return {
    observations: observations?.map(({ series, points, revision }) => ({ series, points, revision })),
    states: states?.map(({ series, period, rows, revision, revisions }) => {
      return { series, period, rows, revision, ...(revisions && { revisions }) };
    }),
  };
}

/**
 * Applies the whole writes of a file.
 *
 * @param {string} path
 * @param {{ write(write: import("millrace/plugin").StoreWrite): Promise<void> }} store
 * @returns {Promise<number>} Bytes up to the end of the last whole one.
 */
async function replay(path, store) {
  const bytes = await readFile(path).catch((error) => {
    if (error.code === "ENOENT") return Buffer.alloc(0);
    throw error;
  });
  let at = 0;
  while (at + 4 <= bytes.length && at + 4 + bytes.readUInt32LE(at) <= bytes.length) {
    const end = at + 4 + bytes.readUInt32LE(at);
    await store.write(deserialize(bytes.subarray(at + 4, end)));
    at = end;
  }
  return at;
}
