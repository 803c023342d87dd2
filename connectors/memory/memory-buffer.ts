import assert from "node:assert/strict";
import type {
  Buffer,
  BufferBooks,
  BufferDepth,
  BufferReader,
  ReplayedPlace,
  ReplayStart,
  Retention,
} from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { refuseWithoutRetention } from "../../blocks/model/replay-start.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { Tally } from "../../runtime/receipt.ts";
import { RoomGate } from "../../runtime/room-gate.ts";
import { MemoryPartition, rowBytes } from "./memory-partition.ts";
import { MemoryReader } from "./memory-reader.ts";
import { splitByPartition } from "./split-by-partition.ts";

export interface MemoryBufferOptions {
  readonly partitions: number;
  readonly rowsMax: number;
  /** Absent: what every consumer has committed is removed at once. */
  readonly retention?: Retention;
}

/**
 * Records in memory, lost with the process. An append is a record a partition and resolves at once; it is accepted while there
 * is room, so the last one may go beyond `rowsMax` by its own size. There is room again at 90 % of it.
 */
export class MemoryBuffer implements Buffer {
  readonly durable: boolean = false;
  readonly #clock: Clock;
  readonly #gate: RoomGate;
  readonly #rowsMax: number;
  readonly #retention: Retention;
  readonly #partitions: readonly MemoryPartition[];
  readonly #readers = new Set<MemoryReader>();
  #rows = 0;
  #closed = false;

  constructor({ partitions, rowsMax, retention = { ms: 0, bytesMax: 0 } }: MemoryBufferOptions, clock: Clock) {
    this.#clock = clock;
    this.#retention = retention;
    this.#rowsMax = rowsMax;
    this.#gate = new RoomGate(clock, () => this.#rows / rowsMax);
    const share: Retention = { ms: retention.ms, bytesMax: retention.bytesMax / partitions };
    this.#partitions = Array.from({ length: partitions }, (_, index) => new MemoryPartition(index, share));
  }

  get partitions(): number {
    return this.#partitions.length;
  }

  async append(chunks: readonly ObservationChunk[]): Promise<void> {
    this.#assertOpen();
    if (this.full) {
      throw new EngineError("BUFFER_FULL", `Cannot append to the buffer as it holds at most ${this.#rowsMax} rows`, {
        retryable: true,
      });
    }
    for (const [index, part] of splitByPartition(chunks, this.partitions).entries()) {
      const partition = this.#partitions[index];
      if (partition !== undefined && part.length > 0) this.#rows += partition.append(part, this.#clock.now());
    }
    for (const reader of [...this.#readers]) reader.wakeIfBehind();
  }

  get full(): boolean {
    return this.#gate.full;
  }

  onRoom(wake: () => void): void {
    this.#gate.onRoom(wake);
  }

  reader(consumer: string, partition: number): BufferReader {
    this.#assertOpen();
    const home = this.#partitions[partition];
    assert(home !== undefined, "a partition must be one of the buffer's");
    const reader = new MemoryReader({
      consumer,
      partition: home,
      position: home.join(consumer).position,
      clock: this.#clock,
      commit: async (position, settled) => this.#commit(home, consumer, position, settled),
      closed: () => this.#readers.delete(reader),
    });
    this.#readers.add(reader);
    return reader;
  }

  /** Drops the places of all other consumers: what only they had not committed is removed. */
  async retain(consumers: readonly string[]): Promise<void> {
    this.#assertOpen();
    for (const partition of this.#partitions) this.#rows -= partition.retain(consumers, this.#clock.now());
    for (const reader of [...this.#readers]) reader.wakeIfBehind();
    this.#gate.wakeIfRoom();
  }

  async rewind(consumers: readonly string[], start: ReplayStart, only?: number): Promise<readonly ReplayedPlace[]> {
    this.#assertOpen();
    refuseWithoutRetention(this.#retention);
    const targets = this.#partitions.flatMap((partition, index) => {
      return only === undefined || index === only ? [{ partition, index, before: partition.before(start) }] : [];
    });
    return targets.flatMap(({ partition, index, before }) =>
      consumers.map((consumer) => {
        const { position, rows } = partition.rewind(consumer, before);
        return { consumer, partition: index, position: position + 1, rows };
      }),
    );
  }

  depth(): BufferDepth {
    const depth = { records: 0, rows: 0, bytes: 0 };
    for (const { records } of this.#partitions) {
      for (const { rows } of records) depth.rows += rows;
      depth.records += records.length;
    }
    depth.bytes = depth.rows * rowBytes;
    return depth;
  }

  books(): BufferBooks[] {
    return this.#partitions.map((partition, index) => ({ partition: index, consumers: partition.books() }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const reader of [...this.#readers]) reader.close();
  }

  #commit(partition: MemoryPartition, consumer: string, position: number, settled: Tally): void {
    this.#assertOpen();
    this.#rows -= partition.commit(consumer, position, settled, this.#clock.now());
    this.#gate.wakeIfRoom();
  }

  #assertOpen(): void {
    if (this.#closed) throw new EngineError("STORE_FAILED", "Cannot use the buffer as it is closed");
  }
}
