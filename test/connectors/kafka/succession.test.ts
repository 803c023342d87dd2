import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch, KafkaMessage } from "kafkajs";
import { test } from "vitest";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { WriteRevisions } from "../../../blocks/rollup/write-revisions.ts";
import {
  AssignedPartition,
  type Commit,
  type HandedOn,
  metadataOf,
} from "../../../connectors/kafka/assigned-partition.ts";
import { Receipt } from "../../../runtime/receipt.ts";

/** One partition, the group that reads it, and a store that goes by revisions. */
class World {
  now = 1_000_000;
  readonly log: KafkaMessage[] = [];
  readonly table = new SeriesTable();
  generation = 0;
  owner: Reader | undefined;
  committed: { offset: number; metadata: string } | undefined;
  /** How many records the stored bucket is made of, and its revision. */
  stored = { records: 0, revision: -1 };
  readonly #timestampType: number;

  /** @param timestampType 0: producers say when; 1: the broker does. */
  constructor(timestampType: number) {
    this.#timestampType = timestampType;
  }

  produce(count: number, timestamp: number): void {
    for (let one = 0; one < count; one += 1)
      this.log.push({
        offset: String(this.log.length),
        timestamp: String(this.#timestampType === 1 ? this.now : timestamp),
        batchContext: { timestampType: this.#timestampType },
      } as unknown as KafkaMessage);
  }

  write(records: number, revision: number): void {
    const tied = revision === this.stored.revision;
    // Of a tie the worse one stands, until a later record is read.
    if (revision > this.stored.revision || (tied && records < this.stored.records)) this.stored = { records, revision };
  }
}

interface Written {
  readonly records: number;
  readonly revision: number;
  readonly handedOn: HandedOn[];
}

/** An engine, which may have lost the partition without knowing. */
class Reader {
  readonly #world: World;
  home = new AssignedPartition(0);
  generation = -1;
  #revisions = new WriteRevisions();
  #gathered: { chunk: ObservationChunk; handedOn: HandedOn; end: number }[] = [];
  readonly #writes: Written[] = [];
  #fetched: readonly KafkaMessage[] = [];
  #commit: { commit: Commit; home: AssignedPartition; accepted: boolean } | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Joins again, after all it knew of the partition was lost. */
  join(): void {
    const world = this.#world;
    this.home.revoke();
    this.#begin();
    this.home = new AssignedPartition(0);
    world.generation += 1;
    this.generation = world.generation;
    world.owner = this;
    this.home.locate(world.committed, 0, world.now);
  }

  /** Its segment failed, and starts again. */
  restart(): void {
    this.home.rewind();
    this.#begin();
  }

  #begin(): void {
    this.#revisions = new WriteRevisions();
    this.#gathered = [];
    this.#fetched = [];
  }

  fetch(count: number): void {
    const { next } = this.home;
    if (next === undefined || this.#fetched.length > 0) return;
    const messages = this.#world.log.slice(next, next + count);
    if (messages.length === 0) return;
    const taken = this.home.take({
      messages,
      fetchedOffset: messages[0]?.offset,
      lastOffset: () => messages.at(-1)?.offset,
    } as unknown as Batch);
    assert.ok(taken !== "gap");
    this.#fetched = taken;
  }

  decode(count: number): void {
    const { table, now } = this.#world;
    const taken = this.#fetched.slice(0, count);
    this.#fetched = this.#fetched.slice(count);
    const last = taken.at(-1);
    if (last === undefined) return;
    let enteredAt = 0;
    for (const message of taken) enteredAt = this.home.enter(message, now);
    const end = Number(last.offset) + 1;
    const receipt = new Receipt(
      1,
      () => {},
      () => {},
      { enteredAt, lane: this.home },
    );
    const series = Uint32Array.of(table.intern("m", {}, "tdouble").index);
    const columns = { series, time: new Float64Array(1), values: new Float64Array(1) };
    const chunk = new ObservationChunk(table, "float", 1, columns, receipt);
    this.#gathered.push({ chunk, handedOn: this.home.handOn(end, taken.length, enteredAt), end });
  }

  record(): void {
    const batch = this.#gathered;
    const last = batch.at(-1);
    if (last === undefined) return;
    this.#gathered = [];
    const revision = this.#revisions.next(batch.map(({ chunk }) => chunk))(0);
    assert.ok(revision !== undefined);
    this.#writes.push({ records: last.end, revision, handedOn: batch.map(({ handedOn }) => handedOn) });
  }

  /** The oldest write, or any, reaches the store. */
  land(which: number): void {
    const [write] = this.#writes.splice(which % Math.max(1, this.#writes.length), 1);
    if (write === undefined) return;
    this.#world.write(write.records, write.revision);
    for (const one of write.handedOn) one.home.settle(one);
  }

  send(): void {
    const world = this.#world;
    const commit = this.home.committable(world.now);
    if (commit === undefined || this.#commit !== undefined) return;
    const accepted = this.generation === world.generation;
    if (accepted) world.committed = { offset: commit.offset, metadata: metadataOf(commit) };
    this.#commit = { commit, home: this.home, accepted };
  }

  hear(): void {
    if (this.#commit?.accepted === true) this.#commit.home.noteCommitted(this.#commit.commit);
    this.#commit = undefined;
  }

  /** Takes records to where they wait for the store. */
  read(count: number): void {
    this.fetch(count + 2);
    this.decode(count);
    this.record();
  }

  /** Reads all that it can, as long as it believes the partition its own. */
  finish(): void {
    do this.read(1_000);
    while (this.home.located && (this.home.next as number) < this.#world.log.length);
    while (this.#writes.length > 0) this.land(0);
  }
}

const actions: readonly ((reader: Reader, world: World, count: number) => void)[] = [
  (_, world, count) => world.produce(count, world.now),
  // Producers' clocks may say anything.
  (_, world, count) => world.produce(count, world.now - 500 * count),
  (_, world, count) => {
    world.now += count * count;
  },
  (reader, _, count) => reader.read(count),
  (reader, _, count) => reader.read(count),
  (reader, _, count) => reader.fetch(count),
  (reader, _, count) => reader.land(count),
  (reader, _, count) => reader.land(count),
  (reader) => reader.send(),
  (reader) => reader.hear(),
  (reader) => reader.restart(),
  (reader) => reader.join(),
];

const steps = fc.array(
  fc.tuple(fc.nat({ max: actions.length - 1 }), fc.nat({ max: 1 }), fc.integer({ min: 1, max: 6 })),
  { minLength: 20, maxLength: 60, size: "max" },
);

test("whoever reads last, what is made of all records stands", () => {
  fc.assert(
    fc.property(steps, fc.nat({ max: 1 }), fc.nat({ max: 1 }), (given, last, timestampType) => {
      const world = new World(timestampType);
      const readers = [new Reader(world), new Reader(world)];
      for (const [what, who, count] of given) actions[what]?.(readers[who] as Reader, world, count);
      const [heir, other] = last === 0 ? readers : readers.toReversed();
      assert.ok(heir !== undefined && other !== undefined);
      heir.join();
      heir.finish();
      // What the other one still has on its way comes late.
      other.finish();
      assert.equal(world.stored.records, world.log.length);
    }),
    { numRuns: 10_000 },
  );
});
