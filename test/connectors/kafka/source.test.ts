import assert from "node:assert/strict";
import { afterEach, test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { SourceDefinition, SourceElement } from "../../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../../blocks/model/dead-letter.ts";
import { encodeProtobufMessages } from "../../../blocks/model/protobuf-output.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { kafkaJsonSource, kafkaProtobufSource } from "../../../connectors/kafka/source.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { withServer } from "../../with-server.ts";
import { rowsOf } from "../source-run.ts";
import { committed, kafkaContext, kcatProduce, kcatProduceBytes, newTopic, nodesOf, until } from "./kafka-topic.ts";

const message = (metric: string, ...values: number[]) =>
  JSON.stringify({
    metric,
    tagset: { site: "a" },
    type: "tdouble",
    values: values.map((value) => [new Date(Date.UTC(2020, 0, 1) + value * 1000).toISOString().slice(0, 23), value]),
  });

const cleanUps: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A source that runs into a list; `settle` says what becomes of each element. */
async function start(
  definition: Pick<SourceDefinition, "open" | "settings">,
  given: object,
  settle: (element: SourceElement) => void,
  context = kafkaContext("reader"),
) {
  const source = await definition.open(definition.settings.parse(given), context);
  const elements: SourceElement[] = [];
  const sink = Sink.foreach<SourceElement>((element) => {
    elements.push(element);
    settle(element);
  });
  const running = source.runWatched(sink, new ActorSystem({ clock: systemClock }));
  running.done.catch(() => {});
  cleanUps.push(async () => {
    running.stop();
    await running.done.catch(() => {});
    await context.close();
  });
  const values = () =>
    elements.flatMap((element) =>
      element instanceof DeadLetterChunk ? [] : rowsOf(element).map(([, , , value]) => value),
    );
  return { elements, values, running, context };
}

const settleAll = (element: SourceElement) => {
  if (!(element instanceof DeadLetterChunk)) element.receipt.durable(element.length);
  element.receipt.release();
};
const settleNothing = () => {};

for (const name of ["kafka", "kafka-4"]) {
  await withServer(name, `Sources of ${name}`, (kafka) => {
    test("JSON of a foreign client is read in order, and committed once it is settled", async () => {
      const topic = await newTopic(kafka);
      await kcatProduce(kafka, topic, [message("m", 1, 2), `[${message("m", 3)},${message("n", 4)}]`]);
      const run = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleAll);
      await until("all is read", () => run.values().length === 4);
      assert.deepEqual(run.values(), [1, 2, 3, 4]);
      // The group goes by the name of the graph.
      await until("all is committed", async () => (await committed(kafka, "reader", topic))[0] === 2);
      await kcatProduce(kafka, topic, [message("m", 5)]);
      await until("what comes later is read", () => run.values().length === 5);
    });

    test("Protobuf of a foreign client is read", async () => {
      const topic = await newTopic(kafka);
      const table = new SeriesTable();
      const builder = new ChunkBuilder(table);
      for (const value of [1, 2]) builder.add(table.intern("m", { a: "b" }, "tlong"), value, BigInt(value));
      const [chunk] = builder.build(new Receipt(2, settleNothing, assert.fail));
      assert.ok(chunk !== undefined);
      await kcatProduceBytes(kafka, topic, encodeProtobufMessages(chunk));
      const run = await start(kafkaProtobufSource, { topic, nodes: nodesOf(kafka) }, settleAll);
      await until("all is read", () => run.values().length === 2);
      assert.deepEqual(run.values(), [1n, 2n]);
    });

    test("a record that cannot be read is a dead letter with its offset, and the others go on", async () => {
      const topic = await newTopic(kafka);
      await kcatProduce(kafka, topic, [message("m", 1), "{not json", message("m", 2)]);
      await kcatProduce(kafka, topic, ["a key\t"], "-Z");
      const run = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleAll);
      await until("all is committed", async () => (await committed(kafka, "reader", topic))[0] === 4);
      assert.deepEqual(run.values(), [1, 2]);
      const letters = run.elements.flatMap((element) => (element instanceof DeadLetterChunk ? element.letters : []));
      assert.deepEqual(
        letters.map(({ code, payload }) => [code, (payload as { offset: number }).offset]),
        [
          ["MESSAGE_INVALID", 1],
          ["MESSAGE_INVALID", 3],
        ],
      );
      assert.match(letters[0]?.reason ?? "", new RegExp(`\\(record 1 of partition 0 of "${topic}"\\)$`));
    });

    for (const codec of ["gzip", "snappy", "lz4", "zstd"]) {
      test(`records compressed with ${codec} are read`, async () => {
        const topic = await newTopic(kafka);
        const values = Array.from({ length: 500 }, (_, value) => value);
        await kcatProduce(
          kafka,
          topic,
          values.map((value) => message("m", value)),
          "-z",
          codec,
        );
        const run = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleAll);
        await until("all is read", () => run.values().length === 500);
        assert.deepEqual(run.values(), values);
      });
    }
  });
}

await withServer("kafka", "A source of Kafka", (kafka) => {
  test("offsets are committed up to the lowest that is not settled", async () => {
    const topic = await newTopic(kafka);
    await kcatProduce(kafka, topic, [message("m", 1)]);
    const held: SourceElement[] = [];
    const settle = (element: SourceElement) => (held.length === 0 ? held.push(element) : settleAll(element));
    const run = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settle);
    await until("the first is read", () => run.values().length === 1);
    await kcatProduce(kafka, topic, [message("m", 2), message("m", 3)]);
    await until("the others are read", () => run.values().length === 3);
    assert.deepEqual(await committed(kafka, "reader", topic), [-1]);
    for (const element of held) settleAll(element);
    await until("all is committed", async () => (await committed(kafka, "reader", topic))[0] === 3);
  });

  test("what was not settled is read again by the next run, and what was is not", async () => {
    const topic = await newTopic(kafka);
    await kcatProduce(kafka, topic, [message("m", 1)]);
    const context = kafkaContext("reader");
    const first = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleAll, context);
    await until("it is committed", async () => (await committed(kafka, "reader", topic))[0] === 1);
    first.running.stop();
    await kcatProduce(kafka, topic, [message("m", 2), message("m", 3)]);
    const second = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleNothing, context);
    await until("the second run reads", () => second.values().length === 2);
    second.running.stop();
    const third = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, settleAll, context);
    await until("the third run reads", () => third.values().length === 2);
    assert.deepEqual(third.values(), [2, 3]);
    await until("all is committed", async () => (await committed(kafka, "reader", topic))[0] === 3);
  });

  test("a failure ends the run with its reason", async () => {
    const topic = await newTopic(kafka);
    await kcatProduce(kafka, topic, [message("m", 1)]);
    const run = await start(kafkaJsonSource, { topic, nodes: nodesOf(kafka) }, ({ receipt }) =>
      receipt.fail(new Error("the store is gone")),
    );
    await assert.rejects(run.running.done, /the store is gone/);
    assert.deepEqual(await committed(kafka, "reader", topic), [-1]);
  });

  test("a member that may not go on keeps its partitions for longer than its session, and pauses fetching", async () => {
    const topic = await newTopic(kafka);
    // Some 20 kB each: more than may be fetched ahead.
    const times = Array.from({ length: 500 }, (_, index) => index);
    const lines = times.map((record) => message("m", ...times.map((index) => record * 500 + index)));
    await kcatProduce(kafka, topic, lines);
    let held: SourceElement[] = [];
    const given = {
      topic,
      nodes: nodesOf(kafka),
      session_timeout: "6 seconds",
      max_unsettled: 500,
      max_bytes: "64 KiB",
    };
    const run = await start(kafkaJsonSource, given, (element) => held.push(element));
    await until("one is read", () => run.values().length > 0);
    const seen = run.values().length;
    await new Promise((resolve) => setTimeout(resolve, 9_000));
    assert.equal(run.values().length, seen);
    const release = setInterval(() => {
      const now = held;
      held = [];
      for (const element of now) settleAll(element);
    }, 1);
    cleanUps.push(async () => clearInterval(release));
    await until("all is committed", async () => (await committed(kafka, "reader", topic))[0] === 500);
    // Nothing came twice: the group never took the partition away.
    assert.deepEqual(
      run.values(),
      Array.from({ length: 250_000 }, (_, value) => value),
    );
  });

  test("a second engine of the group gets a part, and nothing is lost nor committed by the one that lost it", async () => {
    const topic = await newTopic(kafka, 4);
    const lines = Array.from({ length: 400 }, (_, value) => `key-${value}\t${message("m", value)}`);
    await kcatProduce(kafka, topic, lines);
    const given = { topic, nodes: nodesOf(kafka), session_timeout: "6 seconds" };
    const first = await start(kafkaJsonSource, given, settleNothing);
    await until("the first reads all", () => first.values().length === 400);
    const second = await start(kafkaJsonSource, given, settleAll);
    await assert.rejects(first.running.done, /Cannot go on .* as another engine of the group reads partitions/);
    await until("the second reads its part", () => second.values().length > 0);
    const again = await start(kafkaJsonSource, given, settleAll, first.context);
    // Too late: what they were made from is read again.
    for (const element of first.elements) settleAll(element);
    await until("both read all", () => new Set([...second.values(), ...again.values()]).size === 400);
    await until("all is committed", async () => {
      const offsets = await committed(kafka, "reader", topic);
      return offsets.reduce((sum, offset) => sum + offset, 0) === 400;
    });
    // Each part was read by one of them alone.
    assert.equal(second.values().length + again.values().length, 400);
  });

  test("two sources of one group read a topic each", async () => {
    const [one, two] = [await newTopic(kafka, 2), await newTopic(kafka, 3)];
    for (const [topic, metric] of [
      [one, "a"],
      [two, "b"],
    ] as const) {
      await kcatProduce(
        kafka,
        topic,
        Array.from({ length: 60 }, (_, value) => `${value}\t${message(metric, value)}`),
      );
    }
    const given = { nodes: nodesOf(kafka), session_timeout: "6 seconds" };
    const first = await start(kafkaJsonSource, { topic: one, ...given }, settleAll, kafkaContext(one));
    const second = await start(kafkaJsonSource, { topic: two, ...given }, settleAll, kafkaContext(one));
    await until("both have read", () => first.values().length >= 60 && second.values().length >= 60);
    await until("both are committed", async () => {
      const offsets = [...(await committed(kafka, one, one)), ...(await committed(kafka, one, two))];
      return offsets.length === 5 && offsets.reduce((sum, offset) => sum + offset, 0) === 120;
    });
  });
});
