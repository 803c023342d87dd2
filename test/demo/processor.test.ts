import assert from "node:assert/strict";
import { afterAll, test } from "vitest";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { encodeProtobufMessages } from "../../blocks/model/protobuf-output.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { freePorts } from "../../tools/services/ports.ts";
import { TestKeyspaces } from "../connectors/cassandra/cluster.ts";
import { committed, kcatConsume, kcatProduce, kcatProduceBytes, until } from "../connectors/kafka/kafka-topic.ts";
import { finished, millrace, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { withServers } from "../with-server.ts";

const graph = "config/examples/processor.yaml";
const start = Date.UTC(2024, 0, 31, 23, 59, 30);

/** 90 values a second apart, over the end of a month, as Protobuf. */
function protobufMessages(): Uint8Array[] {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table);
  for (let i = 0; i < 90; i++) builder.add(table.intern("pump", { site: "a" }, "tlong"), start + i * 1000, BigInt(i));
  return builder.build(new Receipt(90, () => {}, assert.fail)).flatMap(encodeProtobufMessages);
}

const bucketsOf: Readonly<Record<string, readonly [string, string]>> = {
  "1m": ["2024-01-31T23:59:00", "2024-02-01T00:00:00"],
  "1h": ["2024-01-31T23:00:00", "2024-02-01T00:00:00"],
  "1d": ["2024-01-31T00:00:00", "2024-02-01T00:00:00"],
  "1mo": ["2024-01-01T00:00:00", "2024-02-01T00:00:00"],
};

await withServers(["kafka", "cassandra"], "The processor of TSorage as a graph", ([kafka, cassandra]) => {
  const keyspaces = new TestKeyspaces(cassandra, "processor");
  afterAll(() => keyspaces.drop());
  const pump = "metric = 'pump' AND tagset = {'site': 'a'} AND type = 'tlong'";
  const stamp = (row: Record<string, unknown>) => (row.datetime as Date).toISOString().slice(0, 19);

  test("messages of a foreign client reach Cassandra, raw and rolled up, and both topics", async () => {
    const prefix = `processor-${process.pid}-${Date.now()}-`;
    const { hub } = await freePorts(["hub"], prefix);
    const environment = {
      DATA: temporaryFolder(),
      PREFIX: prefix,
      KAFKA_HOST: kafka.host,
      KAFKA_PORT: String(kafka.ports.plain),
      CASSANDRA_HOST: cassandra.host,
      CASSANDRA_PORT: String(cassandra.ports.cql),
      KEYSPACE: keyspaces.aggregated,
      GROUPER_DURATION: "200 ms",
      HUB_PORT: String(hub),
    };
    const engine = startMillrace(["run", graph], environment);
    const ended = finished(engine);
    await printed(engine, /Ctrl-C/);
    await kcatProduceBytes(kafka, `${prefix}raw`, protobufMessages());
    const json = { metric: "pump", tagset: { site: "b" }, type: "tdouble", values: [["2024-01-31T23:59:59.5", 42.5]] };
    await kcatProduce(kafka, `${prefix}raw-json`, [JSON.stringify(json), "no message"]);
    const offsets = async () => [
      ...(await committed(kafka, `${prefix}ts_processing`, `${prefix}raw`)),
      ...(await committed(kafka, `${prefix}ts_processing`, `${prefix}raw-json`)),
    ];
    await until("all is settled", async () => (await offsets()).reduce((sum, one) => sum + Math.max(0, one), 0) === 3);

    const audit = await millrace(["audit", graph], environment);
    assert.equal(audit.code, 0, audit.stderr);
    assert.match(audit.stdout, /balanced {3}protobuf: entered 90, added 90, durable 180, in flight 0/);
    engine.kill("SIGTERM");
    assert.equal((await ended).code, 0);

    const raw = await keyspaces.cql(
      `SELECT datetime, value_tlong FROM ${keyspaces.raw}.observations WHERE ${pump} AND shard IN ('2024-01', '2024-02')`,
    );
    const points = raw.map((row) => [(row.datetime as Date).getTime(), Number(row.value_tlong)] as const);
    assert.deepEqual(
      points.toSorted(([a], [b]) => a - b),
      Array.from({ length: 90 }, (_, value) => [start + value * 1000, value]),
    );
    const [single] = await keyspaces.cql(
      `SELECT value_tdouble FROM ${keyspaces.raw}.observations WHERE metric = 'pump' AND tagset = {'site': 'b'}
       AND type = 'tdouble' AND shard = '2024-01'`,
    );
    assert.equal(single?.value_tdouble, 42.5);
    for (const [period, buckets] of Object.entries(bucketsOf)) {
      const rows = await keyspaces.cql(
        `SELECT datetime, count, results FROM ${keyspaces.aggregated}.aggregations
         WHERE ${pump} AND shard IN ('2024', '2024-01', '2024-02') AND period = ?`,
        [period],
      );
      const told = rows
        .toSorted((a, b) => (stamp(a) < stamp(b) ? -1 : 1))
        .map(({ results, ...row }) => {
          // Integers keep their digits there.
          const { sum, min, max } = results as Record<string, string>;
          return [stamp(row), ...[row.count, sum, min, max].map(Number)];
        });
      // 0 to 29 before midnight, 30 to 89 in the minute after it.
      assert.deepEqual(told, [
        [buckets[0], 30, 435, 0, 29],
        [buckets[1], 60, 3570, 30, 89],
      ]);
    }

    const observations = await kcatConsume(kafka, `${prefix}observations`);
    assert.equal(observations.length, 91);
    assert.ok(
      observations.some(([, key, value]) => key === 'pump{site="b"}' && /"value":42\.5,"type":"tdouble"/.test(value)),
    );
    const aggregations = (await kcatConsume(kafka, `${prefix}aggregations`)).map(([, , value]) => value);
    for (const interval of Object.keys(bucketsOf)) {
      assert.ok(
        aggregations.some(
          (value) => value.includes(`"interval":"${interval}"`) && value.includes('"aggregation":"sum"'),
        ),
      );
    }
  }, 300_000);
});
