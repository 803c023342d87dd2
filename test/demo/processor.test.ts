import assert from "node:assert/strict";
import { test } from "vitest";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { encodeProtobufMessages } from "../../blocks/model/protobuf-output.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { freePorts } from "../../tools/services/ports.ts";
import { committed, kcatConsume, kcatProduce, kcatProduceBytes, until } from "../connectors/kafka/kafka-topic.ts";
import { finished, millrace, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { withServer } from "../with-server.ts";

const graph = "config/examples/processor.yaml";
const start = Date.UTC(2024, 0, 31, 23, 59, 30);

/** 90 values a second apart, over the end of a month, as Protobuf. */
function protobufMessages(): Uint8Array[] {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table);
  for (let i = 0; i < 90; i++) builder.add(table.intern("pump", { site: "a" }, "tlong"), start + i * 1000, BigInt(i));
  return builder.build(new Receipt(90, () => {}, assert.fail)).flatMap(encodeProtobufMessages);
}

await withServer("kafka", "The processor of TSorage as a graph", (kafka) => {
  test("messages of a foreign client reach the store, the rollups and both topics", async () => {
    const prefix = `processor-${process.pid}-${Date.now()}-`;
    const { hub } = await freePorts(["hub"], prefix);
    const environment = {
      DATA: temporaryFolder(),
      PREFIX: prefix,
      KAFKA_HOST: kafka.host,
      KAFKA_PORT: String(kafka.ports.plain),
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

    const query = async (...more: string[]) => {
      const { stdout } = await millrace(
        ["query", 'pump{site="a"}', "--graph", graph, "--format", "csv", ...more],
        environment,
      );
      return stdout.trim().split("\n").slice(1);
    };
    assert.equal((await query()).length, 90);
    for (const [every, first, second] of [
      ["1m", "2024-01-31T23:59:00", "2024-02-01T00:00:00"],
      ["1h", "2024-01-31T23:00:00", "2024-02-01T00:00:00"],
      ["1d", "2024-01-31T00:00:00", "2024-02-01T00:00:00"],
      ["1mo", "2024-01-01T00:00:00", "2024-02-01T00:00:00"],
    ] as const) {
      const rows = await query("--every", every, "--value", "count,sum,min,max");
      const told = rows.map((row) => row.split(",").slice(-4).map(Number));
      // 0 to 29 before midnight, 30 to 89 in the minute after it.
      assert.deepEqual(told[0], [30, 435, 0, 29]);
      assert.deepEqual(told[1], [60, 3570, 30, 89]);
      assert.match(rows[0] ?? "", new RegExp(first));
      assert.match(rows[1] ?? "", new RegExp(second));
    }

    const observations = await kcatConsume(kafka, `${prefix}observations`);
    assert.equal(observations.length, 91);
    assert.ok(
      observations.some(([, key, value]) => key === 'pump{site="b"}' && /"value":42\.5,"type":"tdouble"/.test(value)),
    );
    const aggregations = (await kcatConsume(kafka, `${prefix}aggregations`)).map(([, , value]) => value);
    for (const interval of ["1m", "1h", "1d", "1mo"]) {
      assert.ok(
        aggregations.some(
          (value) => value.includes(`"interval":"${interval}"`) && value.includes('"aggregation":"sum"'),
        ),
      );
    }
  }, 300_000);
});
