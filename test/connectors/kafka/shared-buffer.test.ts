import assert from "node:assert/strict";
import { afterEach, test } from "vitest";
import type { Buffer, BufferReader, ReplayedPlace } from "../../../blocks/model/buffer.ts";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { kafkaBuffer } from "../../../connectors/kafka/buffer.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { type Log, silentLog } from "../../../runtime/log.ts";
import { Receipt, Tally } from "../../../runtime/receipt.ts";
import { down, tell, up } from "../../../tools/services/control.ts";
import type { Running } from "../../../tools/services/running.ts";
import { withServer } from "../../with-server.ts";
import { ends, kcatConsume, kcatProduce, newTopic, nodesOf, until } from "./kafka-topic.ts";

const opened: Buffer[] = [];
const segments: Segment[] = [];
afterEach(async () => {
  for (const segment of segments.splice(0)) segment.stopped = true;
  for (const buffer of opened.splice(0)) await buffer.close();
});

let topics = 0;
const topicName = () => `shared-${process.pid}-${Date.now()}-${++topics}`;

async function open(kafka: Running, topic: string, more: object = {}, log: Log = silentLog) {
  const table = new SeriesTable();
  const settings = kafkaBuffer.settings.parse({
    ...{ topic, nodes: nodesOf(kafka), session_timeout: "6 seconds", max_ttr: "500 ms" },
    ...more,
  });
  const buffer = await kafkaBuffer.open(settings, { graph: "test", node: "raw", clock: systemClock, log, table });
  opened.push(buffer);
  const append = async (from: number, to: number) => {
    const builder = new ChunkBuilder(table);
    for (let i = from; i < to; i++) builder.add(table.intern(`m${i % 20}`, {}, "tdouble"), i, i);
    await buffer.append(builder.build(new Receipt(to - from, () => {}, assert.fail)));
  };
  return { buffer, append };
}

/** A segment of a partition: starts again when it fails, and commits a record where it is told to. */
class Segment {
  readonly values: number[] = [];
  restarts = 0;
  stopped = false;
  #uncommitted = 0;
  #reader: BufferReader;
  readonly #open: () => BufferReader;
  readonly #commits: () => boolean;

  constructor(open: () => BufferReader, commits: () => boolean) {
    this.#open = open;
    this.#commits = commits;
    this.#reader = open();
    this.#step();
  }

  close(): void {
    this.stopped = true;
    this.#reader.close();
  }

  #step(): void {
    const reader = this.#reader;
    if (this.stopped) return;
    try {
      for (let record = reader.read(); record !== undefined; record = reader.read()) {
        for (const chunk of record.chunks())
          this.values.push(...(chunk.values as Float64Array).subarray(0, chunk.length));
        this.#uncommitted += record.rows;
        if (!this.#commits()) continue;
        const tally = new Tally();
        tally.entered = this.#uncommitted;
        tally.durable = this.#uncommitted;
        this.#uncommitted = 0;
        reader.commit(record.position, tally).catch((error: Error) => this.#again(reader, error));
      }
      reader.onRecord(() => this.#step());
    } catch (error) {
      this.#again(reader, error as Error);
    }
  }

  #again(reader: BufferReader, error: Error): void {
    if (reader !== this.#reader || this.stopped) return;
    assert.match((error as { code?: string }).code ?? "", /STREAM_STOPPED|CONNECTION_FAILED/);
    this.restarts += 1;
    this.#uncommitted = 0;
    reader.close();
    systemClock.after(200, () => {
      if (this.stopped) return;
      this.#reader = this.#open();
      this.#step();
    });
  }
}

function segmentsOf(buffer: Buffer, commits = () => true): Segment[] {
  const all = Array.from(
    { length: buffer.partitions },
    (_, partition) => new Segment(() => buffer.reader("rollups", partition), commits),
  );
  segments.push(...all);
  return all;
}
const valuesOf = (...segments: readonly Segment[][]) => segments.flat().flatMap(({ values }) => values);
const pendingOf = (buffer: Buffer) =>
  buffer.books().reduce((sum, { consumers }) => sum + (consumers.get("rollups")?.pending ?? 0), 0);
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);
const distinct = (values: readonly number[]) => [...new Set(values)].sort((a, b) => a - b);

function assertBalanced(buffer: Buffer): void {
  for (const { consumers } of buffer.books()) {
    for (const { appended, pending, settled } of consumers.values()) {
      assert.equal(settled.entered + pending, appended);
      assert.ok(settled.balanced);
    }
  }
}

await withServer("kafka", "A buffer in Kafka that several engines share", (kafka) => {
  test("an engine that joins gets partitions, whose reader here fails, and reads there what was not committed", async () => {
    const topic = topicName();
    const one = await open(kafka, topic);
    let commits = false;
    const first = segmentsOf(one.buffer, () => commits);
    await one.append(0, 500);
    await until("all is read here", () => valuesOf(first).length === 500);
    const two = await open(kafka, topic);
    const second = segmentsOf(two.buffer);
    await until("partitions have moved", () => second.filter(({ values }) => values.length > 0).length === 2);
    commits = true;
    await two.append(500, 1_000);
    await until("all is read again or there", () => pendingOf(one.buffer) + pendingOf(two.buffer) === 0);
    assert.deepEqual(distinct(valuesOf(first, second)), upTo(1_000));
    // Nothing of the first engine was committed, so the second reads its share from the start.
    const moved = second.filter(({ values }) => values.length > 0);
    assert.equal(moved.length, 2);
    for (const { values } of moved) assert.ok(values.some((value) => value < 500));
    assert.equal(first.filter(({ restarts }) => restarts > 0).length >= 2, true);
    for (const { buffer } of [one, two]) {
      assertBalanced(buffer);
      // Both know the books of all partitions.
      const entered = buffer.books().map(({ consumers }) => consumers.get("rollups")?.settled.entered ?? 0);
      assert.equal(
        entered.reduce((sum, rows) => sum + rows, 0),
        1_000,
      );
    }
  });

  test("when an engine leaves, the others go on after its last commit", async () => {
    const topic = topicName();
    const one = await open(kafka, topic);
    const first = segmentsOf(one.buffer);
    const two = await open(kafka, topic);
    const second = segmentsOf(two.buffer);
    await one.append(0, 500);
    await until(
      "all is committed",
      () => pendingOf(one.buffer) + pendingOf(two.buffer) === 0 && valuesOf(first, second).length >= 500,
    );
    const before = valuesOf(first).length;
    await two.buffer.close();
    await one.append(500, 1_000);
    await until("the rest is read", () => valuesOf(first).length === before + 500);
    assert.deepEqual(distinct(valuesOf(first, second)), upTo(1_000));
    await until("all is committed", () => pendingOf(one.buffer) === 0);
    assertBalanced(one.buffer);
  });

  test("what every segment committed is deleted from the topic, and a limit counts what other engines append", async () => {
    const topic = topicName();
    const one = await open(kafka, topic, { partitions: 1, max_rows: 100 });
    const two = await open(kafka, topic, { partitions: 1, max_rows: 100 });
    await one.append(0, 50);
    await two.append(50, 100);
    await until("the other engine knows", () => two.buffer.full);
    await assert.rejects(two.append(100, 101), { code: "BUFFER_FULL" });
    for (const { buffer } of [one, two]) segmentsOf(buffer);
    await until("there is room", () => !two.buffer.full);
    await until("the records are gone", async () => (await kcatConsume(kafka, topic)).length === 0);
    assert.deepEqual(await ends(kafka, topic), [2]);
  });

  test("what is settled is read again by one engine, not while others read, and the next engine goes on amid it", async () => {
    const topic = topicName();
    const one = await open(kafka, topic, { retention: "1 hour" });
    const two = await open(kafka, topic, { retention: "1 hour" });
    const both = [...segmentsOf(one.buffer), ...segmentsOf(two.buffer)];
    for (let from = 0; from < 500; from += 10) await one.append(from, from + 10);
    await until("all is committed", () => pendingOf(one.buffer) + pendingOf(two.buffer) === 0);
    assert.deepEqual(distinct(valuesOf(both)), upTo(500));
    for (const segment of both) segment.close();
    const rewind = async () => (await one.buffer.rewind?.(["rollups"], { time: 0 })) ?? [];
    await assert.rejects(rewind(), { code: "USAGE_INVALID", message: /rollups" has other members/ });
    await two.buffer.close();
    const places: ReplayedPlace[] = [];
    await until("the other has left", async () => {
      places.push(...(await rewind().catch(() => [])));
      return places.length > 0;
    });
    assert.deepEqual(
      places.map(({ position }) => position),
      [1, 1, 1, 1],
    );
    assert.equal(
      places.reduce((sum, { rows }) => sum + rows, 0),
      500,
    );
    assert.equal(one.buffer.depth().rows, 0);
    assertBalanced(one.buffer);

    // It commits about half of them.
    let left = 100;
    const again = segmentsOf(one.buffer, () => left-- > 0);
    await until("all is read again", () => valuesOf(again).length === 500);
    await until("half is committed", () => pendingOf(one.buffer) < 400);
    for (const segment of again) segment.close();
    await one.buffer.close();
    const three = await open(kafka, topic, { retention: "1 hour" });
    const pending = pendingOf(three.buffer);
    assert.ok(pending > 0 && pending < 400, `${pending}`);
    assertBalanced(three.buffer);
    const rest = segmentsOf(three.buffer);
    await three.append(500, 600);
    await until("the rest is committed", () => valuesOf(rest).length > 0 && pendingOf(three.buffer) === 0);
    assert.equal(valuesOf(rest).length, pending + 100);
    assertBalanced(three.buffer);
    const sums = { entered: 0, added: 0 };
    for (const { consumers } of three.buffer.books()) {
      const { entered = 0, added = 0 } = consumers.get("rollups")?.settled ?? {};
      sums.entered += entered;
      sums.added += added;
    }
    assert.deepEqual(sums, { entered: 600, added: 500 });
  });

  test("a record that somebody else wrote is passed over and said", async () => {
    const topic = await newTopic(kafka);
    const said: string[] = [];
    const log: Log = { ...silentLog, error: (sentence) => said.push(sentence) };
    const { buffer, append } = await open(kafka, topic, {}, log);
    await kcatProduce(kafka, topic, ["no record of a buffer"]);
    await append(0, 10);
    const reading = segmentsOf(buffer);
    await until("all is read and committed", () => valuesOf(reading).length === 10 && pendingOf(buffer) === 0);
    assert.match(said.join(), /none of a buffer/);
    assertBalanced(buffer);
  });

  test("a topic with another number of partitions, or a compacted one, is refused", async () => {
    const topic = await newTopic(kafka, 2);
    await assert.rejects(open(kafka, topic, { partitions: 3 }), { code: "SETTING_INVALID" });
    const compacted = await newTopic(kafka, 1, [{ name: "cleanup.policy", value: "compact" }]);
    await assert.rejects(open(kafka, compacted), { code: "SETTING_INVALID" });
    assert.equal((await open(kafka, topic)).buffer.partitions, 2);
  });
});

await withServer("kafka", "A buffer in Kafka whose broker is killed", () => {
  test("appends and commits go on when the broker is back, and nothing is lost", async () => {
    const name = "kafka.buffer";
    const kafka = await up(name);
    try {
      const { buffer, append } = await open(kafka, topicName());
      const reading = segmentsOf(buffer);
      for (let from = 0; from < 200; from += 20) await append(from, from + 20);
      await tell(name, "SIGKILL");
      let last = 200;
      const appended = until("it takes more", () =>
        append(200, 220).then(
          () => true,
          () => false,
        ),
      );
      await up(name);
      await appended;
      for (last = 220; last < 400; last += 20) await append(last, last + 20);
      await until(
        "all is read and committed",
        () => distinct(valuesOf(reading)).length === last && pendingOf(buffer) === 0,
      );
      assertBalanced(buffer);
    } finally {
      for (const segment of segments.splice(0)) segment.stopped = true;
      for (const buffer of opened.splice(0)) await buffer.close();
      await down(name);
    }
  }, 300_000);
});
