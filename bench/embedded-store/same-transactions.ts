import { rm } from "node:fs/promises";
import { Environment, type Operation } from "../../connectors/embedded/environment.ts";
import { benchFolder } from "../bench-folder.ts";
import { openRows } from "../end-to-end/bare-lmdb.ts";
import { storedChecksum } from "../end-to-end/stored-checksum.ts";
import { sensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";
import { storeRollups } from "./stored-rollups.ts";

interface Put {
  readonly table: string;
  readonly key: Buffer;
  readonly value: Buffer | undefined;
}

/**
 * The library alone, writing what the engine wrote: the same keys and values in the same transactions, each with an fsync, one
 * after the other. What they are was noted in a run of the engine that is not on the clock; the library has nothing else to do.
 */
export const sameTransactions: Participant = {
  name: "lmdb-same-transactions",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    const noted = await benchFolder();
    const transactions = await notingTransactions(() => storeRollups(noted, columns));
    await rm(noted, { recursive: true });
    return {
      async prepare() {
        const folder = await benchFolder();
        return {
          elements: columns.length,
          run: () => write(folder, transactions),
          async finish() {
            const checksum = await storedChecksum(folder);
            await rm(folder, { recursive: true });
            return checksum;
          },
        };
      },
    };
  },
};

/** What `work` commits, in order. */
async function notingTransactions(work: () => Promise<void>): Promise<Put[][]> {
  const transactions: Put[][] = [];
  const { commit, table } = Environment.prototype;
  const names = new Map<unknown, string>();
  Environment.prototype.table = function (this: Environment, name) {
    const opened = table.call(this, name);
    names.set(opened, name);
    return opened;
  };
  Environment.prototype.commit = function (this: Environment, operations) {
    transactions.push(operations.map((operation) => noted(operation, names)));
    return commit.call(this, operations);
  };
  try {
    await work();
  } finally {
    Object.assign(Environment.prototype, { commit, table });
  }
  return transactions;
}

function noted({ table, key, value }: Operation, names: ReadonlyMap<unknown, string>): Put {
  return { table: names.get(table) ?? "", key: Buffer.from(key), value: value && Buffer.from(value) };
}

async function write(path: string, transactions: readonly Put[][]): Promise<void> {
  const database = await openRows(path);
  const tables = new Map<string, typeof database>();
  for (const table of ["meta", "chunks", "shards", "series", "periods"]) {
    tables.set(table, database.openDB({ name: table, encoding: "binary", keyEncoding: "binary" }) as typeof database);
  }
  for (const puts of transactions) {
    await database.batch(() => {
      for (const { table, key, value } of puts) {
        if (value === undefined) void tables.get(table)?.remove(key);
        else void tables.get(table)?.put(key, value);
      }
    });
  }
  await database.close();
}
