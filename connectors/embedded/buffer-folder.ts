import type { Retention } from "../../blocks/model/buffer.ts";
import { EngineError } from "../../runtime/errors.ts";
import { BufferPartition } from "./buffer-partition.ts";
import type { BufferFolder } from "./disk-buffer.ts";
import { Environment, type KeyValues, type Operation } from "./environment.ts";
import { FolderLock } from "./folder-lock.ts";
import { numberKey } from "./ordered-key.ts";
import { SeriesDictionary } from "./series-dictionary.ts";

/** Owns the folder, checks that it fits the settings, and counts what is in it. */
export async function openBufferFolder(
  path: string,
  options: { readonly partitions: number; readonly seriesMax: number; readonly retention: Retention },
): Promise<BufferFolder> {
  const lock = await FolderLock.acquireNew(path);
  let environment: Environment | undefined;
  try {
    environment = await Environment.open({ path, format: "buffer 1", readOnly: false });
    const empty = isEmpty(environment.table("records"));
    await settlePartitions(environment, path, options.partitions, empty);
    const series = environment.table("series");
    // Without records nothing names a series by its number any more.
    if (empty) await environment.commit(removals(series, numberKey(0)));
    const dictionary = new SeriesDictionary(series, options.seriesMax);
    const partitions: BufferPartition[] = [];
    const { ms, bytesMax } = options.retention;
    const share: Retention = { ms, bytesMax: bytesMax / options.partitions };
    for (let index = 0; index < options.partitions; index++) {
      partitions.push(new BufferPartition(environment, index, share));
    }
    return { environment, lock, dictionary, partitions };
  } catch (thrown) {
    await environment?.close();
    await lock.release();
    throw thrown;
  }
}

async function settlePartitions(
  environment: Environment,
  path: string,
  partitions: number,
  empty: boolean,
): Promise<void> {
  const meta = environment.table("meta");
  const stored = meta.get(partitionsKey)?.readUInt32BE(0);
  if (stored === partitions) return;
  if (stored !== undefined && !empty) {
    throw new EngineError(
      "SETTING_INVALID",
      `Cannot open "${path}" with ${partitions} partitions as its records are in ${stored}: drain it first`,
    );
  }
  await environment.commit([
    { table: meta, key: partitionsKey, value: numberKey(partitions) },
    ...removals(environment.table("totals"), numberKey(partitions)),
    ...removals(environment.table("places"), numberKey(partitions)),
  ]);
}

const partitionsKey = Buffer.from("partitions");

function isEmpty(records: KeyValues): boolean {
  for (const _ of records.getKeys({ limit: 1 })) return false;
  return true;
}

const removals = (table: KeyValues, start: Buffer): Operation[] =>
  [...table.getKeys({ start })].map((key) => ({ table, key, value: undefined }));
