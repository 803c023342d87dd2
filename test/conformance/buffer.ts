import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, beforeEach, describe, test } from "vitest";
import type { Buffer, BufferReader, BufferRecord, ReplayStart, Retention } from "../../blocks/model/buffer.ts";
import { newColumn } from "../../blocks/model/columns.ts";
import { type DataType, layoutOf } from "../../blocks/model/data-type.ts";
import { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { type Series, SeriesTable } from "../../blocks/model/series.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Receipt, Tally } from "../../runtime/receipt.ts";

export interface BufferUnderTest {
  readonly buffer: Buffer;
  /** Closes the buffer and opens it again with another table; undefined where nothing survives closing. */
  reopen(table: SeriesTable): Promise<Buffer | undefined>;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

export interface BufferSettings {
  readonly partitions: number;
  readonly rowsMax: number;
  readonly table: SeriesTable;
  readonly retention?: Retention;
}

export interface BufferConformanceOptions {
  /** Of each law. */
  readonly runs?: number;
  /** Why it does not read again what is settled, where it does not. */
  readonly withoutReplay?: string;
}

/** What every buffer has to do, over an empty one per test. */
export function bufferConformance(
  name: string,
  open: (settings: BufferSettings) => Promise<BufferUnderTest>,
  { runs = 15, withoutReplay }: BufferConformanceOptions = {},
): void {
  const replayTest = (title: string, body: () => Promise<void>) =>
    withoutReplay === undefined ? test(title, body) : test.skip(`${title}, as ${withoutReplay}`, body);
  describe(`${name} as a buffer`, () => {
    let tested: BufferUnderTest;
    let table: SeriesTable;
    const start = async (partitions = 1, rowsMax = 1_000_000, retention?: Retention) => {
      await tested.dispose();
      table = new SeriesTable();
      tested = await open({ partitions, rowsMax, table, ...(retention && { retention }) });
      return tested.buffer;
    };
    beforeEach(async () => {
      table = new SeriesTable();
      tested = await open({ partitions: 1, rowsMax: 1_000_000, table });
    });
    afterEach(() => tested.dispose());

    test("an empty buffer has nothing to read", () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      assert.equal(reader.read(), undefined);
      assert.deepEqual(buffer.depth(), { records: 0, rows: 0, bytes: 0 });
      assert.equal(buffer.full, false);
      assert.equal(buffer.partitions, 1);
    });

    test("an append without rows resolves and leaves no record", async () => {
      const { buffer } = tested;
      await buffer.append([]);
      await buffer.append([chunkOf(table, "tdouble", [])]);
      assert.equal(buffer.depth().records, 0);
      assert.equal(buffer.reader("a", 0).read(), undefined);
    });

    test("rows of every type come back as they were, also after reopening", async () => {
      const { buffer } = tested;
      const given: [DataType, unknown[]][] = [
        ["tdouble", [-0, Number.NaN, Number.POSITIVE_INFINITY]],
        ["tlong", [-(2n ** 63n), 2n ** 63n - 1n, 0n]],
        ["tbool", [0, 1, 0]],
        ["ttext", ["", "é 🌊", "\ud800"]],
        ["tbinary", [Uint8Array.of(), Uint8Array.of(0, 255), Uint8Array.of(7)]],
        ["pos2d", [{ latitude: 50.46, longitude: 4.86 }, { latitude: 0, longitude: -180 }, null]],
      ];
      const rows = (type: DataType, values: unknown[]) =>
        values.map((value, i): Row => ({ series: table.intern("m", { type }, type), time: i - 1, value }));
      await buffer.append(given.map(([type, values]) => chunkOf(table, type, rows(type, values))));
      const other = new SeriesTable();
      other.intern("takes an index", {}, "ttext");
      const again = (await tested.reopen(other)) ?? buffer;
      const read = rowsOf(await drain(again.reader("a", 0)));
      for (const [type, values] of given) {
        const ofType = read.filter(({ series }) => series.type === type);
        assert.deepEqual(
          ofType.map(({ time, value }) => [time, value]),
          values.map((value, i) => [i - 1, value]),
        );
        assert.equal(ofType[0]?.series.canonical, `m{type="${type}"}`);
      }
    });

    test("columns that are longer than the chunk are cut", async () => {
      const { buffer } = tested;
      const series = table.intern("m", {}, "tdouble");
      const columns = {
        series: Uint32Array.of(series.index, 77),
        time: Float64Array.of(1, 2),
        values: Float64Array.of(3, 4),
      };
      await buffer.append([new ObservationChunk(table, "float", 1, columns, unwatched())]);
      assert.deepEqual(plain(await drain(buffer.reader("a", 0))), [["m", 1, 3]]);
    });

    test("positions ascend from 1, and a commit removes what everybody committed", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time])]);
      const records = await drain(reader);
      assert.deepEqual(
        records.map(({ position, rows }) => [position, rows]),
        [
          [1, 1],
          [2, 1],
          [3, 1],
        ],
      );
      assert.equal(buffer.depth().rows, 3);
      await reader.commit(2, settled(2));
      assert.deepEqual([buffer.depth().records, buffer.depth().rows], [1, 1]);
      await reader.commit(3, settled(1));
      assert.deepEqual(buffer.depth(), { records: 0, rows: 0, bytes: 0 });
      await buffer.append([points(table, "m", [40])]);
      assert.equal((await drain(reader))[0]?.position, 4);
    });

    test("a commit of an earlier position takes nothing back", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      buffer.reader("b", 0);
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time])]);
      await drain(reader);
      await reader.commit(2, settled(2));
      await reader.commit(1, settled(0));
      assert.deepEqual(pendingOf(buffer), { a: 1, b: 3 });
      assert.equal((await drain(buffer.reader("a", 0)))[0]?.position, 3);
    });

    test("a consumer continues after its last commit, not after its last read", async () => {
      const { buffer } = tested;
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time])]);
      const first = buffer.reader("a", 0);
      await drain(first);
      await first.commit(1, settled(1));
      first.close();
      assert.equal(first.read(), undefined);
      assert.deepEqual(
        (await drain(buffer.reader("a", 0))).map(({ position }) => position),
        [2, 3],
      );
    });

    test("positions and books survive, and no position is used twice", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time, time + 1])]);
      const tally = settled(4);
      tally.durable = 1;
      tally.filtered.set("duplicate", 2);
      tally.deadLettered.set("VALUE_INVALID", 1);
      await drain(reader);
      await reader.commit(2, tally);
      assertBalanced(buffer);
      const again = await tested.reopen(new SeriesTable());
      if (again === undefined) return;
      assertBalanced(again);
      const [books] = again.books();
      assert.equal(books?.consumers.get("a")?.appended, 6);
      assert.equal(books?.consumers.get("a")?.pending, 2);
      // Spread, as a plugin has a class of its own where it was built apart.
      assert.deepEqual({ ...books?.consumers.get("a")?.settled }, { ...tally });
      const resumed = again.reader("a", 0);
      assert.deepEqual(
        (await drain(resumed)).map(({ position }) => position),
        [3],
      );
      await resumed.commit(3, settled(2));
      const table3 = new SeriesTable();
      const third = await tested.reopen(table3);
      if (third === undefined) return;
      await third.append([points(table3, "m", [50])]);
      assert.equal((await drain(third.reader("a", 0)))[0]?.position, 4);
    });

    test("two consumers are independent, and a record stays for the slower one", async () => {
      const { buffer } = tested;
      const fast = buffer.reader("fast", 0);
      const slow = buffer.reader("slow", 0);
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time])]);
      assert.equal((await drain(fast)).length, 3);
      await fast.commit(3, settled(3));
      assert.equal(buffer.depth().records, 3);
      assert.deepEqual(pendingOf(buffer), { fast: 0, slow: 3 });
      assertBalanced(buffer);
      assert.equal((await drain(slow)).length, 3);
      await slow.commit(2, settled(2));
      assert.equal(buffer.depth().records, 1);
      assert.deepEqual(pendingOf(buffer), { fast: 0, slow: 1 });
      assertBalanced(buffer);
    });

    test("a new consumer starts at the oldest record, and its books balance", async () => {
      const { buffer } = tested;
      const first = buffer.reader("first", 0);
      for (const time of [10, 20, 30]) await buffer.append([points(table, "m", [time])]);
      await drain(first);
      await first.commit(1, settled(1));
      const late = buffer.reader("late", 0);
      assert.deepEqual(
        (await drain(late)).map(({ position }) => position),
        [2, 3],
      );
      assertBalanced(buffer);
      await first.commit(3, settled(2));
      assert.equal(buffer.depth().records, 2);
      const again = (await tested.reopen(new SeriesTable())) ?? buffer;
      assert.deepEqual(pendingOf(again), { first: 0, late: 2 });
      assertBalanced(again);
    });

    test("a reader that caught up is woken once for the next record, when it can be read", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      assert.deepEqual(await drain(reader), []);
      const found: (number | undefined)[] = [];
      reader.onRecord(() => found.push(reader.read()?.position));
      await buffer.append([points(table, "m", [1])]);
      await buffer.append([points(table, "m", [2])]);
      await soon(() => found.length > 0);
      await turn();
      assert.deepEqual(found, [1]);
      const next = new Promise<void>((resolve) => reader.onRecord(resolve));
      await next;
      assert.equal(reader.read()?.position, 2);
    });

    test("a closed reader is not woken", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      let woken = 0;
      reader.onRecord(() => woken++);
      reader.close();
      await buffer.append([points(table, "m", [1])]);
      await turn();
      assert.equal(woken, 0);
    });

    test("at its limit it refuses, and has room again at 90 %", async () => {
      const buffer = await start(1, 20);
      const reader = buffer.reader("a", 0);
      let room = 0;
      for (let i = 0; i < 19; i++) await buffer.append([points(table, "m", [i])]);
      assert.equal(buffer.full, false);
      await buffer.append([points(table, "m", [19])]);
      assert.equal(buffer.full, true);
      buffer.onRoom(() => room++);
      await assert.rejects(buffer.append([points(table, "m", [20])]), { code: "BUFFER_FULL", retryable: true });
      assert.equal(buffer.depth().rows, 20);
      await drain(reader);
      await reader.commit(1, settled(1));
      assert.equal(buffer.full, true);
      assert.equal(room, 0);
      await reader.commit(2, settled(1));
      assert.equal(buffer.full, false);
      assert.equal(room, 1);
      await buffer.append([points(table, "m", [20])]);
      assert.equal(buffer.full, false);
      await drain(reader);
      await reader.commit(3, settled(1));
      assert.equal(room, 1);
    });

    test("who asks for room where there is some is called soon", async () => {
      const { buffer } = tested;
      await new Promise<void>((resolve) => buffer.onRoom(resolve));
      assert.equal(buffer.full, false);
    });

    test("a series is in the partition of its hash, whatever else is in the chunk", async () => {
      const buffer = await start(3);
      const names = Array.from({ length: 40 }, (_, i) => `m${i}`);
      const rows = names.flatMap((name, i) =>
        [2 * i, 2 * i + 1].map((time) => ({ series: table.intern(name, {}, "tdouble"), time, value: time })),
      );
      await buffer.append([chunkOf(table, "tdouble", rows.slice(0, 33)), chunkOf(table, "tdouble", rows.slice(33))]);
      const perPartition: Row[][] = [];
      for (const partition of [0, 1, 2]) perPartition.push(rowsOf(await drain(buffer.reader("a", partition))));
      for (const [partition, read] of perPartition.entries()) {
        assert.ok(read.length > 0);
        assert.deepEqual(
          read,
          rows.filter(({ series }) => series.hash % 3 === partition),
        );
      }
      const appended = buffer.books().map(({ consumers }) => consumers.get("a")?.appended);
      assert.deepEqual(
        appended,
        perPartition.map((read) => read.length),
      );
    });

    test("what is appended in one turn without waiting is all there, in order", async () => {
      const { buffer } = tested;
      const reader = buffer.reader("a", 0);
      const times = Array.from({ length: 200 }, (_, i) => i);
      await Promise.all(times.map((time) => buffer.append([points(table, "m", [time])])));
      assert.deepEqual(
        plain(await drain(reader)),
        times.map((time) => ["m", time, time]),
      );
    });

    test("the receipts of what is appended are left alone, and those of what is read are others", async () => {
      const { buffer } = tested;
      let settledRows = 0;
      const receipt = new Receipt(1, ({ entered }) => (settledRows += entered), assert.fail);
      await buffer.append([points(table, "m", [1]).under(receipt)]);
      const [record] = await drain(buffer.reader("a", 0));
      for (const chunk of record?.chunks() ?? []) {
        chunk.receipt.durable(1);
        chunk.receipt.release();
      }
      assert.equal(settledRows, 0);
      receipt.release();
      assert.equal(settledRows, 1);
    });

    replayTest(
      "what is settled is kept as long as it is retained, without filling the buffer, and can be read again",
      async () => {
        const buffer = await start(1, 3, aDay);
        for (const time of [10, 20, 30]) {
          await buffer.append([points(table, "m", [time])]);
          // Each in a millisecond of its own, as a topic has the times of entry.
          await new Promise<void>((resolve) => systemClock.after(2, resolve));
        }
        assert.equal(buffer.full, true);
        const reader = buffer.reader("a", 0);
        const read = await drain(reader);
        await reader.commit(3, settled(3));
        reader.close();
        assert.deepEqual([buffer.full, buffer.depth()], [false, { records: 0, rows: 0, bytes: 0 }]);
        const again = (await tested.reopen(table)) ?? buffer;
        assert.deepEqual(await again.rewind?.(["a"], { position: 2 }), [
          { consumer: "a", partition: 0, position: 2, rows: 2 },
        ]);
        assert.deepEqual([again.full, again.depth().rows, pendingOf(again)], [false, 0, { a: 2 }]);
        assertBalanced(again);
        await again.append([points(table, "m", [40])]);
        const resumed = ((await tested.reopen(table)) ?? again).reader("a", 0);
        const second = await drain(resumed);
        assert.deepEqual(plain(second), [
          ["m", 20, 20],
          ["m", 30, 30],
          ["m", 40, 40],
        ]);
        assert.deepEqual(
          second.slice(0, 2).map(({ enteredAt }) => enteredAt),
          read.slice(1).map(({ enteredAt }) => enteredAt),
        );
        await resumed.commit(4, settled(3));
        const last = (await tested.reopen(table)) ?? again;
        assert.deepEqual([pendingOf(last), last.depth().rows], [{ a: 0 }, 0]);
        assert.equal(last.books()[0]?.consumers.get("a")?.settled.added, 2);
        assertBalanced(last);
      },
    );

    replayTest(
      "a replay begins at a time of entry, moves nobody forward, and moves those alone that it names",
      async () => {
        const buffer = await start(2, 1_000, aDay);
        const before = systemClock.now();
        const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
        await buffer.append(names.map((name) => points(table, name, [1])));
        for (const consumer of ["one", "other"]) {
          for (const partition of [0, 1]) {
            const reader = buffer.reader(consumer, partition);
            await drain(reader);
            await reader.commit(1, settled(buffer.books()[partition]?.consumers.get(consumer)?.appended ?? 0));
            reader.close();
          }
        }
        assert.deepEqual(await rowsAgain(buffer, { time: systemClock.now() + 60_000 }), [0, 0]);
        assert.deepEqual(await rowsAgain(buffer, { position: 9 }), [0, 0]);
        const appended = buffer.books().map(({ consumers }) => consumers.get("one")?.appended ?? 0);
        assert.deepEqual(await rowsAgain(buffer, { time: before }), appended);
        assert.deepEqual(pendingOf(buffer), { one: appended[0], other: 0 });
        assert.deepEqual(await rowsAgain(buffer, { time: before }), [0, 0]);
        assert.equal((await drain(buffer.reader("other", 0))).length, 0);
      },
    );

    replayTest("what is no longer kept is refused with the oldest that is, and all where nothing is", async () => {
      const fleeting = await start(1, 1_000, { ms: aDay.ms, bytesMax: 1 });
      const before = systemClock.now() - 1;
      for (const time of [10, 20]) await fleeting.append([points(table, "m", [time])]);
      const reader = fleeting.reader("a", 0);
      await drain(reader);
      await reader.commit(1, settled(1));
      reader.close();
      for (const gone of [{ position: 1 }, { time: before }]) {
        await assert.rejects(async () => fleeting.rewind?.(["a"], gone), {
          code: "USAGE_INVALID",
          message: /no longer kept: the oldest of partition 0 is position 2/,
        });
      }
      assert.deepEqual(pendingOf(fleeting), { a: 1 });
      const forgetful = await start();
      await assert.rejects(async () => forgetful.rewind?.(["a"], { position: 1 }), { code: "USAGE_INVALID" });
    });

    test("a closed buffer refuses, and what was asked before closing is done", async () => {
      const { buffer } = tested;
      const append = buffer.append([points(table, "m", [1])]);
      await buffer.close();
      await append;
      await assert.rejects(buffer.append([points(table, "m", [2])]), { code: "STORE_FAILED" });
    });

    test("any appends, commits and reopenings lose, double and reorder nothing", async () => {
      const possible = step.filter(({ kind }) => withoutReplay === undefined || kind !== "rewind");
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(possible, { maxLength: 14 }), followsModel(open)),
        { numRuns: runs },
      );
    });
  });
}

interface Row {
  readonly series: Series;
  readonly time: number;
  readonly value: unknown;
}

const unwatched = () =>
  new Receipt(
    0,
    () => {},
    () => {},
  );
const aDay: Retention = { ms: 86_400_000, bytesMax: 1024 * 1024 };
const turn = () => new Promise<void>((resolve) => systemClock.soon(resolve));

function chunkOf(table: SeriesTable, type: DataType, rows: readonly Row[]): ObservationChunk {
  const values = newColumn(layoutOf(type), rows.length);
  for (const [i, { value }] of rows.entries()) values[i] = value;
  const series = Uint32Array.from(rows, ({ series }) => series.index);
  const time = Float64Array.from(rows, ({ time }) => time);
  return new ObservationChunk(table, layoutOf(type), rows.length, { series, time, values }, unwatched());
}

function points(table: SeriesTable, metric: string, times: readonly number[]): ObservationChunk {
  const series = table.intern(metric, {}, "tdouble");
  return chunkOf(
    table,
    "tdouble",
    times.map((time) => ({ series, time, value: time })),
  );
}

/** Everything to the end; where records come from afar, it waits for them. */
async function drain(reader: BufferReader): Promise<BufferRecord[]> {
  const records: BufferRecord[] = [];
  for (;;) {
    const record = reader.read();
    if (record !== undefined) records.push(record);
    else if (reader.atEnd) return records;
    else await new Promise<void>((resolve) => reader.onRecord(resolve));
  }
}

/** What comes from afar takes its time. */
async function soon(isSo: () => boolean): Promise<void> {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 1_000, "not within 10 seconds");
    await new Promise<void>((resolve) => systemClock.after(10, resolve));
  }
}

function rowsOf(records: readonly BufferRecord[]): Row[] {
  const rows: Row[] = [];
  for (const record of records) {
    const before = rows.length;
    for (const { table, length, series, time, values } of record.chunks()) {
      for (let row = 0; row < length; row++) {
        rows.push({ series: table.at(series[row] ?? -1), time: time[row] ?? Number.NaN, value: values[row] });
      }
    }
    assert.equal(rows.length - before, record.rows);
  }
  return rows;
}

const plain = (records: readonly BufferRecord[]) =>
  rowsOf(records).map(({ series, time, value }) => [series.metric, time, value]);

function settled(rows: number): Tally {
  const tally = new Tally();
  tally.entered = rows;
  tally.durable = rows;
  return tally;
}

function pendingOf(buffer: Buffer): Record<string, number> {
  const consumers = [...(buffer.books()[0]?.consumers ?? [])];
  return Object.fromEntries(consumers.map(([consumer, { pending }]) => [consumer, pending]));
}

/** What the consumer "one" reads again of each partition. */
async function rowsAgain(buffer: Buffer, start: ReplayStart): Promise<number[]> {
  return ((await buffer.rewind?.(["one"], start)) ?? []).map(({ rows }) => rows);
}

function assertBalanced(buffer: Buffer): void {
  for (const { consumers } of buffer.books()) {
    for (const { appended, pending, settled } of consumers.values()) assert.equal(settled.entered + pending, appended);
  }
}

/** Appends of rows of a few series in chunks, commits of a part of what was read, and reopenings. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    chunks: fc.array(
      fc.record({
        type: fc.constantFrom("tdouble", "tlong", "ttext"),
        series: fc.array(fc.integer({ min: 0, max: 6 }), { maxLength: 40 }),
      }),
      { maxLength: 4 },
    ),
    awaited: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("commit" as const),
    consumer: fc.constantFrom("a", "b"),
    part: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
  fc.record({
    kind: fc.constant("rewind" as const),
    consumer: fc.constantFrom("a", "b"),
    position: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ kind: fc.constant("reopen" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A row as text, with what says where it belongs. */
interface Seen {
  readonly series: string;
  readonly hash: number;
  readonly text: string;
}

function seenIn(chunks: readonly ObservationChunk[]): Seen[] {
  return chunks.flatMap(({ table, length, series, time, values }) =>
    Array.from({ length }, (_, row) => {
      const { canonical, type, hash } = table.at(series[row] ?? -1);
      return { series: `${type} ${canonical}`, hash, text: `${time[row]} ${typeof values[row]} ${values[row]}` };
    }),
  );
}

const bySeries = (rows: readonly Seen[]) => {
  const texts = new Map<string, string[]>();
  for (const { series, text } of rows) texts.set(series, [...(texts.get(series) ?? []), text]);
  return new Map([...texts].sort(([a], [b]) => (a < b ? -1 : 1)));
};

class BufferModel {
  readonly tested: BufferUnderTest;
  readonly partitions: number;
  buffer: Buffer;
  #table: SeriesTable;
  #time = 0;
  readonly #running: Promise<void>[] = [];
  readonly #appended: Seen[] = [];
  readonly #committed = new Map<string, { readonly position: number; readonly rows: readonly Seen[] }[]>();

  constructor(tested: BufferUnderTest, partitions: number, table: SeriesTable) {
    this.tested = tested;
    this.partitions = partitions;
    this.buffer = tested.buffer;
    this.#table = table;
    for (const { consumer, partition } of this.#readers()) this.buffer.reader(consumer, partition).close();
  }

  async take(step: Step): Promise<void> {
    if (step.kind === "append") return this.#append(step);
    await Promise.all(this.#running.splice(0));
    if (step.kind === "commit") await this.#commit(step);
    else if (step.kind === "rewind") await this.#rewind(step);
    else await this.#reopen();
    assertBalanced(this.buffer);
  }

  async check(): Promise<void> {
    for (const { consumer, partition } of this.#readers()) {
      const rest = (await drain(this.buffer.reader(consumer, partition))).flatMap((record) => seenIn(record.chunks()));
      const committed = this.#committed.get(`${consumer} ${partition}`) ?? [];
      const seen = [...committed.flatMap(({ rows }) => rows), ...rest];
      const expected = this.#appended.filter(({ hash }) => hash % this.partitions === partition);
      assert.deepEqual(bySeries(seen), bySeries(expected));
    }
  }

  async #append({ chunks, awaited }: Step & { kind: "append" }): Promise<void> {
    const made = chunks.map(({ type, series }) => {
      const rows = series.map((name) => {
        this.#time += 1;
        const value = type === "ttext" ? `${this.#time}` : type === "tlong" ? BigInt(this.#time) : this.#time;
        return { series: this.#table.intern(`m${name}`, {}, type), time: this.#time, value };
      });
      return chunkOf(this.#table, type, rows);
    });
    this.#appended.push(...seenIn(made));
    this.#running.push(this.buffer.append(made));
    if (awaited) await Promise.all(this.#running.splice(0));
  }

  async #commit({ consumer, part }: Step & { kind: "commit" }): Promise<void> {
    for (let partition = 0; partition < this.partitions; partition++) {
      const reader = this.buffer.reader(consumer, partition);
      const records = await drain(reader);
      const taken = records.slice(0, Math.round(records.length * part));
      const rows = taken.map((record) => ({ position: record.position, rows: seenIn(record.chunks()) }));
      const last = taken.at(-1);
      const count = rows.reduce((sum, record) => sum + record.rows.length, 0);
      if (last !== undefined) await reader.commit(last.position, settled(count));
      const key = `${consumer} ${partition}`;
      this.#committed.set(key, [...(this.#committed.get(key) ?? []), ...rows]);
      reader.close();
    }
  }

  async #rewind({ consumer, position }: Step & { kind: "rewind" }): Promise<void> {
    await this.buffer.rewind?.([consumer], { position });
    for (const [key, committed] of this.#committed) {
      if (!key.startsWith(`${consumer} `)) continue;
      this.#committed.set(
        key,
        committed.filter((record) => record.position < position),
      );
    }
  }

  async #reopen(): Promise<void> {
    const table = new SeriesTable();
    const reopened = await this.tested.reopen(table);
    if (reopened === undefined) return;
    this.buffer = reopened;
    this.#table = table;
  }

  #readers() {
    return ["a", "b"].flatMap((consumer) =>
      Array.from({ length: this.partitions }, (_, partition) => ({ consumer, partition })),
    );
  }
}

function followsModel(open: (settings: BufferSettings) => Promise<BufferUnderTest>) {
  return async (partitions: number, steps: readonly Step[]): Promise<void> => {
    const table = new SeriesTable();
    const tested = await open({ partitions, rowsMax: 1_000_000, table, retention: aDay });
    try {
      const model = new BufferModel(tested, partitions, table);
      for (const step of [...steps, { kind: "reopen" } as const]) await model.take(step);
      await model.check();
    } finally {
      await tested.dispose();
    }
  };
}
