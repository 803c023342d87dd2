import assert from "node:assert/strict";
import { test } from "vitest";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { SinkElement } from "../../../blocks/model/component.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { kafkaJsonSink, kafkaProtobufSink } from "../../../connectors/kafka/sink.ts";
import { kafkaProtobufSource } from "../../../connectors/kafka/source.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { Receipt } from "../../../runtime/receipt.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { withServer } from "../../with-server.ts";
import { aggregation, deadLetter, newFates, observations } from "../sink-run.ts";
import { rowsOf } from "../source-run.ts";
import { kafkaContext, kcatConsume, newTopic, nodesOf, until } from "./kafka-topic.ts";

for (const name of ["kafka", "kafka-4"]) {
  await withServer(name, `Sinks of ${name}`, (kafka) => {
    const write = async (definition: typeof kafkaJsonSink, given: object, elements: SinkElement[]) => {
      const settings = definition.settings.parse({ nodes: nodesOf(kafka), ...given });
      const sink = await definition.open(settings, kafkaContext("g"));
      await Source.from(elements)
        .to(sink)
        .runWatched(new ActorSystem({ clock: systemClock })).done;
    };

    for (const compression of ["none", "gzip", "snappy", "lz4", "zstd"]) {
      test(`a foreign client reads what is written with compression ${compression}`, async () => {
        const topic = await newTopic(kafka);
        const fates = newFates();
        await write(kafkaJsonSink, { topic, compression }, [
          observations(fates, 1, 2),
          aggregation(fates),
          deadLetter(fates),
        ]);
        const letter = (await kcatConsume(kafka, topic)).at(-1)?.[2] ?? "";
        assert.equal((JSON.parse(letter) as { code: string }).code, "MESSAGE_INVALID");
        const at = "2020-01-02T03:04:05";
        assert.deepEqual(await kcatConsume(kafka, topic), [
          [0, 'a{b="c"}', `{"metric":"a","tagset":{"b":"c"},"type":"tdouble","values":[["${at}",1],["${at}",2]]}`],
          [
            0,
            'a{b="c"}',
            `{"ts":{"metric":"a","tagset":{"b":"c"}},"interval":"1m","datetime":"${at}","type":"tdouble","value":7,"aggregation":"max"}`,
          ],
          [0, "n", letter],
        ]);
        assert.deepEqual(fates.failed, []);
        assert.deepEqual(
          fates.settled.map(({ durable }) => durable),
          [2, 0, 0],
        );
      });
    }

    test("observations are a record each, as TSorage's processor wrote them", async () => {
      const topic = await newTopic(kafka);
      await write(kafkaJsonSink, { topic, layout: "observations" }, [observations(newFates(), 1, 2)]);
      const values = (await kcatConsume(kafka, topic)).map(([, , value]) => value);
      const line = (value: number) =>
        `{"metric":"a","tagset":{"b":"c"},"datetime":"2020-01-02T03:04:05","value":${value},"type":"tdouble"}`;
      assert.deepEqual(values, [line(1), line(2)]);
    });

    test("a series stays in one partition in order, and a chunk larger than a request arrives whole", async () => {
      const topic = await newTopic(kafka, 4);
      const table = new SeriesTable();
      const builder = new ChunkBuilder(table);
      const rows = 60_000;
      for (let row = 0; row < rows; row++)
        builder.add(table.intern(`m${Math.floor(row / 20_000)}`, {}, "tlong"), row, BigInt(row));
      const [chunk] = builder.build(new Receipt(rows, () => {}, assert.fail));
      assert.ok(chunk !== undefined);
      const settings = kafkaProtobufSink.settings.parse({ topic, nodes: nodesOf(kafka) });
      const sink = await kafkaProtobufSink.open(settings, kafkaContext("g"));
      const system = new ActorSystem({ clock: systemClock });
      await Source.from([chunk as SinkElement])
        .to(sink)
        .runWatched(system).done;

      const context = kafkaContext(`reader-of-${topic}`);
      const source = await kafkaProtobufSource.open(
        kafkaProtobufSource.settings.parse({ topic, nodes: nodesOf(kafka) }),
        context,
      );
      const read = new Map<string, unknown[]>();
      let count = 0;
      const collect = Sink.foreach((element) => {
        if (!("layout" in (element as object))) return;
        for (const [series, , , value] of rowsOf(element as never)) {
          const known = read.get(series);
          if (known === undefined) read.set(series, [value]);
          else known.push(value);
          count += 1;
        }
      });
      const running = source.runWatched(collect, system);
      await until("all is read", () => count === rows);
      running.stop();
      await context.close();
      for (let series = 0; series < 3; series++) {
        const expected = Array.from({ length: 20_000 }, (_, row) => BigInt(series * 20_000 + row));
        assert.deepEqual(read.get(`m${series}`), expected);
      }
    });
  });
}
