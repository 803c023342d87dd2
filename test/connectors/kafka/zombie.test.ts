import assert from "node:assert/strict";
import { afterAll, test } from "vitest";
import type { SourceElement } from "../../../blocks/model/component.ts";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import type { Store } from "../../../blocks/model/store.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { Recorder } from "../../../blocks/rollup/recorder.ts";
import { kafkaJsonSource } from "../../../connectors/kafka/source.ts";
import { SourceGate } from "../../../graphs/stages/source-gate.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { withServers } from "../../with-server.ts";
import { TestKeyspaces } from "../cassandra/cluster.ts";
import { kafkaContext, kcatProduce, newTopic, nodesOf, until } from "./kafka-topic.ts";
import { batchOf } from "../../blocks/rollup/row-batch.ts";

const message = (metric: string, value: number) =>
  JSON.stringify({ metric, tagset: {}, type: "tdouble", values: [["2024-01-01T00:00:00", value]] });

await withServers(["kafka", "cassandra"], "Cassandra behind a source of Kafka", ([kafka, cassandra]) => {
  const keyspaces = new TestKeyspaces(cassandra, "zombie");
  afterAll(() => keyspaces.drop());

  /** An engine of the group: what it reads, and how it writes. */
  async function engine(topic: string, group: string) {
    const context = kafkaContext(group);
    const source = await kafkaJsonSource.open(
      kafkaJsonSource.settings.parse({ topic, nodes: nodesOf(kafka) }),
      context,
    );
    const chunks: ObservationChunk[] = [];
    // As graphs have it: whatever stands behind the source must not lose what its receipts say.
    const running = source.via(Flow.fromStage(new SourceGate())).runWatched(
      Sink.foreach<SourceElement>((element) => {
        if (element instanceof ObservationChunk) chunks.push(element);
      }),
      new ActorSystem({ clock: systemClock }),
    );
    running.done.catch(() => {});
    const store: Store = await keyspaces.open();
    const { table } = context;
    const recorder = new Recorder({ table, store, period: undefined, sets: new DerivatorSets([]), hotSeriesMax: 100 });
    const chunkOf = (metric: string) =>
      chunks.filter((chunk) => chunk.table.at(chunk.series[0] ?? 0).metric === metric);
    return {
      chunks,
      chunkOf,
      record: async (...given: ObservationChunk[]) => await (await recorder.record(batchOf(recorder, given))).written,
      leave: async () => {
        running.stop();
        await running.done.catch(() => {});
        await context.close();
      },
      close: () => store.close(),
    };
  }

  for (const timestampType of ["CreateTime", "LogAppendTime"]) {
    test(`the late write of an older record by an engine that was replaced stands over nothing, by ${timestampType}`, async () => {
      const topic = await newTopic(kafka, 2, [{ name: "message.timestamp.type", value: timestampType }]);
      const zombie = await engine(topic, topic);
      await kcatProduce(kafka, topic, [message("level", 1)], "-p", "0");
      await until("the first record is read", () => zombie.chunkOf("level").length === 1);
      const [old] = zombie.chunkOf("level");
      assert.ok(old !== undefined);
      await zombie.leave();

      await kcatProduce(kafka, topic, [message("level", 2)], "-p", "0");
      const heir = await engine(topic, topic);
      const points = () => heir.chunkOf("level").reduce((sum, { length }) => sum + length, 0);
      await until("both records are read", () => points() === 2);
      await heir.record(...heir.chunkOf("level"));
      // What the old engine still has of another partition entered later, and must not lift the record that it lost.
      await kcatProduce(kafka, topic, [message("other", 3)], "-p", "1");
      await until("the other partition is read", () => heir.chunkOf("other").length === 1);
      const [other] = heir.chunkOf("other");
      assert.ok(other !== undefined);
      const { series, index } = {
        series: old.table.at(old.series[0] ?? 0),
        index: old.table.intern("other", {}, "tdouble").index,
      };
      const borrowed = new ObservationChunk(
        old.table,
        "float",
        1,
        { series: Uint32Array.of(index), time: other.time, values: other.values },
        other.receipt,
      );
      await zombie.record(old, borrowed);

      const rows = await keyspaces.cql(
        `SELECT metric, value_tdouble, WRITETIME(value_tdouble) AS written FROM ${keyspaces.raw}.observations`,
      );
      const byMetric = new Map(rows.map((row) => [row.metric, row]));
      assert.equal(byMetric.get("level")?.value_tdouble, 2);
      assert.equal(byMetric.get("other")?.value_tdouble, 3);
      assert.equal(series.metric, "level");
      // Entries are moments close to the present, so time windows of the store go by when data came.
      for (const { written } of rows) assert.ok(Math.abs(Number(written) / 1000 - Date.now()) < 120_000);
      await heir.leave();
      for (const one of [zombie, heir]) await one.close();
      await keyspaces.truncate();
    }, 60_000);
  }
});
