import assert from "node:assert/strict";
import { resolve } from "node:path";
import type {
  Buffer as BufferContract,
  BufferBooks,
  BufferDepth,
  BufferReader,
  ConsumerBooks,
  ReplayedPlace,
  ReplayStart,
  Retention,
} from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { refuseWithoutRetention } from "../../blocks/model/replay-start.ts";
import type { SeriesPlaces } from "../../blocks/model/store.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Tally } from "../../runtime/receipt.ts";
import { RoomGate } from "../../runtime/room-gate.ts";
import { openBufferFolder } from "./buffer-folder.ts";
import type { BufferPartition, PartitionChange } from "./buffer-partition.ts";
import { DiskReader } from "./disk-reader.ts";
import type { Environment, Operation } from "./environment.ts";
import type { FolderLock } from "./folder-lock.ts";
import type { SeriesDictionary } from "./series-dictionary.ts";
import { type RoutedChunk, recordsOf, routeChunk } from "./routed-chunk.ts";
import { SeriesRoutes } from "./series-routes.ts";

export interface DiskBufferOptions {
  /** 1 to 1,024. Another number than last time is refused while the folder holds records. */
  readonly partitions: number;
  /** Of the records at rest. The file is somewhat larger and never shrinks. */
  readonly bytesMax: number;
  readonly rowsMax: number;
  /** Most series that the folder remembers; forgotten when it is opened without records. */
  readonly seriesMax: number;
  /** Absent: what every consumer has committed is removed at once. */
  readonly retention?: Retention;
}

export const noRetention: Retention = { ms: 0, bytesMax: 0 };

/**
 * Opens the buffer in a folder, which is made if need be.
 *
 * @throws {EngineError} `FOLDER_IN_USE`, `PATH_UNREADABLE`, `FORMAT_UNSUPPORTED`; `SETTING_INVALID` when the number of
 *   partitions differs from that of the records there.
 */
export async function openDiskBuffer(
  path: string,
  options: DiskBufferOptions,
  context: { readonly clock: Clock; readonly table: SeriesTable },
): Promise<DiskBuffer> {
  return new DiskBuffer(
    await openBufferFolder(resolve(path), { retention: noRetention, ...options }),
    options,
    context,
  );
}

export interface BufferFolder {
  readonly environment: Environment;
  readonly lock: FolderLock;
  readonly dictionary: SeriesDictionary;
  readonly partitions: readonly BufferPartition[];
}

/**
 * Records of columns in lmdb. Appends and commits of one turn, and those that arrive while a transaction is on its way to the
 * disk, share the next one; it holds a record a partition, or several where there are more than 65,536 rows.
 *
 * An append is accepted while there is room, so the last one may go beyond the limit by its own size. There is room again at
 * 90 % of it. What waits for the disk is limited too, to 64 MiB.
 */
export class DiskBuffer implements BufferContract {
  readonly durable = true;
  readonly #folder: BufferFolder;
  readonly #clock: Clock;
  readonly #table: SeriesTable;
  readonly #routes: SeriesRoutes;
  readonly #gate: RoomGate;
  readonly #readers = new Set<DiskReader>();
  #appends: PendingAppend[] = [];
  #commits: PendingCommit[] = [];
  #retains: PendingRetain[] = [];
  #rewinds: PendingRewind[] = [];
  readonly #retention: Retention;
  readonly #waiting = { rows: 0, bytes: 0 };
  #scheduled = false;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor(folder: BufferFolder, options: DiskBufferOptions, context: { clock: Clock; table: SeriesTable }) {
    this.#folder = folder;
    this.#clock = context.clock;
    this.#table = context.table;
    this.#retention = options.retention ?? noRetention;
    this.#routes = new SeriesRoutes(context.table, folder.dictionary, folder.partitions.length);
    this.#gate = new RoomGate(context.clock, () => {
      const { rows, bytes } = this.depth();
      const waiting = this.#waiting;
      return Math.max(
        (rows + waiting.rows) / options.rowsMax,
        (bytes + waiting.bytes) / options.bytesMax,
        waiting.bytes / waitingBytesMax,
      );
    });
  }

  get partitions(): number {
    return this.#folder.partitions.length;
  }

  get places(): SeriesPlaces {
    return this.#folder.dictionary;
  }

  async append(chunks: readonly ObservationChunk[]): Promise<void> {
    this.#assertOpen();
    if (this.full) {
      throw new EngineError("BUFFER_FULL", "Cannot append to the buffer as it is at its limit (max_bytes, max_rows)", {
        retryable: true,
      });
    }
    const routed = chunks
      .filter(({ length }) => length > 0)
      .map((chunk) => {
        assert(chunk.table === this.#table, "a chunk must be of the graph's own table");
        return routeChunk(chunk, this.#routes);
      });
    if (routed.length === 0) return;
    const rows = routed.reduce((sum, { chunk }) => sum + chunk.length, 0);
    const bytes = routed.reduce((sum, part) => sum + part.bytes, 0);
    this.#waiting.rows += rows;
    this.#waiting.bytes += bytes;
    await new Promise<void>((resolve, reject) => {
      this.#appends.push({ routed, rows, bytes, resolve, reject });
      this.#schedule();
    });
  }

  get full(): boolean {
    return this.#gate.full;
  }

  onRoom(wake: () => void): void {
    this.#gate.onRoom(wake);
  }

  reader(consumer: string, partition: number): BufferReader {
    this.#assertOpen();
    const home = this.#folder.partitions[partition];
    assert(home !== undefined, "a partition must be one of the buffer's");
    if (!home.join(consumer).saved) this.#schedule();
    const reader = new DiskReader({
      consumer,
      partition: home,
      position: home.join(consumer).position,
      table: this.#table,
      clock: this.#clock,
      indexOf: this.#routes.indexOf,
      commit: (position, settled) => this.#commit(consumer, home, position, settled),
      closed: () => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Drops the places of all other consumers: what only they had not committed is removed.
   *
   * @returns resolves once durable.
   */
  async retain(consumers: readonly string[]): Promise<void> {
    this.#assertOpen();
    await new Promise<void>((resolve, reject) => {
      this.#retains.push({ consumers: new Set(consumers), resolve, reject });
      this.#schedule();
    });
  }

  async rewind(consumers: readonly string[], start: ReplayStart, only?: number): Promise<readonly ReplayedPlace[]> {
    this.#assertOpen();
    refuseWithoutRetention(this.#retention);
    const homes = this.#folder.partitions.filter(({ index }) => only === undefined || index === only);
    const targets = homes.flatMap((partition) => {
      const position = partition.before(start);
      return consumers.map((consumer) => ({ consumer, partition, position }));
    });
    const places = targets.map(({ consumer, partition, position }): ReplayedPlace => {
      const standing = partition.join(consumer).position;
      const before = Math.min(standing, position);
      return {
        consumer,
        partition: partition.index,
        position: before + 1,
        rows: partition.rowsWithin(before, standing),
      };
    });
    await new Promise<void>((resolve, reject) => {
      this.#rewinds.push({ targets, resolve, reject });
      this.#schedule();
    });
    return places;
  }

  depth(): BufferDepth {
    const depth = { records: 0, rows: 0, bytes: 0 };
    for (const { records, rows, bytes } of this.#folder.partitions) {
      depth.records += records;
      depth.rows += rows;
      depth.bytes += bytes;
    }
    return depth;
  }

  books(): BufferBooks[] {
    return this.#folder.partitions.map(({ index, appended, places }) => {
      const consumers = new Map<string, ConsumerBooks>();
      for (const { consumer, pending, settled } of places.values())
        consumers.set(consumer, { appended, pending, settled });
      return { partition: index, consumers };
    });
  }

  /** Publishes where the running engine answers queries. */
  async setAddress(address: string): Promise<void> {
    await this.#folder.lock.setAddress(address);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await (this.#draining ?? this.#drain());
    for (const reader of [...this.#readers]) reader.close();
    await this.#folder.environment.close();
    await this.#folder.lock.release();
  }

  async #commit(consumer: string, partition: BufferPartition, position: number, settled: Tally): Promise<void> {
    this.#assertOpen();
    assert(position <= partition.position, "a position must have been read before it is committed");
    if (!partition.places.has(consumer)) {
      throw new EngineError("STREAM_STOPPED", `Cannot commit as the buffer no longer has the consumer "${consumer}"`);
    }
    await new Promise<void>((resolve, reject) => {
      this.#commits.push({ consumer, partition, position, settled, resolve, reject });
      this.#schedule();
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the buffer as it is closed");
  }

  #schedule(): void {
    if (this.#scheduled || this.#draining !== undefined) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      if (this.#scheduled && this.#draining === undefined) void this.#drain();
    });
  }

  #drain(): Promise<void> {
    this.#scheduled = false;
    this.#draining = this.#transactions().finally(() => {
      this.#draining = undefined;
    });
    return this.#draining;
  }

  async #transactions(): Promise<void> {
    while (this.#hasWork()) {
      const appends = this.#takeAppends();
      const commits = this.#commits.splice(0);
      const retains = this.#retains.splice(0);
      const rewinds = this.#rewinds.splice(0);
      const asked = [...appends, ...commits, ...retains, ...rewinds];
      try {
        await this.#transaction({ appends, commits, retains, rewinds });
        for (const { resolve } of asked) resolve();
      } catch (thrown) {
        for (const { reject } of asked) reject(thrown);
        // Nobody asked for it, so nobody will again: the place is written with the next transaction.
        if (asked.length === 0) break;
      }
      for (const reader of [...this.#readers]) reader.wakeIfBehind();
      this.#gate.wakeIfRoom();
    }
  }

  #hasWork(): boolean {
    const asked = [this.#appends, this.#commits, this.#retains, this.#rewinds];
    if (asked.some(({ length }) => length > 0)) return true;
    return this.#folder.partitions.some(({ places }) => [...places.values()].some(({ saved }) => !saved));
  }

  /** All that wait, or as many as make a transaction of a bounded size; at least one. */
  #takeAppends(): PendingAppend[] {
    let rows = 0;
    const end = this.#appends.findIndex((append) => {
      rows += append.rows;
      return rows > transactionRowsMax;
    });
    return this.#appends.splice(0, end === -1 ? this.#appends.length : Math.max(1, end));
  }

  async #transaction({ appends, commits, retains, rewinds }: Asked): Promise<void> {
    const { environment, dictionary, partitions } = this.#folder;
    const series = dictionary.takeUnsaved();
    try {
      const records = recordsOf(
        appends.flatMap(({ routed }) => routed),
        this.#routes,
        partitions.length,
      );
      const retained = retains.at(-1)?.consumers;
      const now = this.#clock.now();
      const planned = partitions
        .map((partition, index) => ({
          partition,
          records: records[index] ?? [],
          commits: coalesced(commits, partition),
          rewinds: rewindsOf(rewinds, partition),
        }))
        .map(({ partition, ...change }) => partition.plan({ ...change, retained, now }));
      const operations: Operation[] = [...series.operations];
      for (const plan of planned) for (const operation of plan.operations) operations.push(operation);
      await environment.commit(operations);
      for (const { apply } of planned) apply();
    } catch (thrown) {
      series.failed();
      throw thrown;
    } finally {
      for (const { rows, bytes } of appends) {
        this.#waiting.rows -= rows;
        this.#waiting.bytes -= bytes;
      }
    }
  }
}

const waitingBytesMax = 64 * 1024 * 1024;
const transactionRowsMax = 4 * 65_536;

/** The commits of one partition, one a consumer. */
function coalesced(commits: readonly PendingCommit[], partition: BufferPartition): PartitionChange["commits"] {
  const byConsumer = new Map<string, { position: number; settled: Tally }>();
  for (const commit of commits) {
    if (commit.partition !== partition) continue;
    const sum = byConsumer.get(commit.consumer) ?? { position: 0, settled: new Tally() };
    sum.position = Math.max(sum.position, commit.position);
    sum.settled.addAll(commit.settled);
    byConsumer.set(commit.consumer, sum);
  }
  return byConsumer;
}

/** By consumer: the place that it goes back to, where it stands behind it. */
function rewindsOf(rewinds: readonly PendingRewind[], partition: BufferPartition): PartitionChange["rewinds"] {
  const targets = rewinds.flatMap(({ targets: all }) => all).filter((target) => target.partition === partition);
  return new Map(targets.map(({ consumer, position }) => [consumer, position]));
}

/** What one transaction is asked for. */
interface Asked {
  readonly appends: readonly PendingAppend[];
  readonly commits: readonly PendingCommit[];
  readonly retains: readonly PendingRetain[];
  readonly rewinds: readonly PendingRewind[];
}

interface Pending {
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface PendingAppend extends Pending {
  readonly routed: readonly RoutedChunk[];
  readonly rows: number;
  readonly bytes: number;
}

interface PendingCommit extends Pending {
  readonly consumer: string;
  readonly partition: BufferPartition;
  readonly position: number;
  readonly settled: Tally;
}

interface PendingRewind extends Pending {
  readonly targets: readonly {
    readonly consumer: string;
    readonly partition: BufferPartition;
    readonly position: number;
  }[];
}

interface PendingRetain extends Pending {
  readonly consumers: ReadonlySet<string>;
}
