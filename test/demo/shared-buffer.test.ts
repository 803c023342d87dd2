import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { freePorts } from "../../tools/services/ports.ts";
import { TestKeyspaces } from "../connectors/cassandra/cluster.ts";
import { until } from "../connectors/kafka/kafka-topic.ts";
import { finished, millrace, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { withServer, withServers } from "../with-server.ts";

const graph = "config/examples/shared-buffer.yaml";
const start = Date.UTC(2024, 0, 31, 23, 50);
const seriesCount = 20;
const count = 300;

await withServers(["kafka", "cassandra"], "Engines that share a buffer in Kafka", ([kafka, cassandra]) => {
  const keyspaces = new TestKeyspaces(cassandra, "shared");
  afterAll(() => keyspaces.drop());

  test("two engines share the partitions, and what one had under way when it was killed is done by the other", async () => {
    const name = `shared-${process.pid}-${Date.now()}`;
    const environments = await Promise.all(
      ["one", "two"].map(async (engine) => {
        const { hub, http } = await freePorts(["hub", "http"], `${name}-${engine}`);
        return {
          NAME: name,
          DATA: temporaryFolder(),
          KAFKA_HOST: kafka.host,
          KAFKA_PORT: String(kafka.ports.plain),
          CASSANDRA_HOST: cassandra.host,
          CASSANDRA_PORT: String(cassandra.ports.cql),
          KEYSPACE: keyspaces.aggregated,
          SESSION_TIMEOUT: "2 seconds",
          HUB_PORT: String(hub),
          HTTP_PORT: String(http),
        };
      }),
    );
    const [first, second] = environments;
    assert.ok(first !== undefined && second !== undefined);
    const engines = environments.map((environment) => startMillrace(["run", graph], environment));
    await Promise.all(engines.map((engine) => printed(engine, /Ctrl-C/)));

    // To one engine and to the other in turn; a series comes from both.
    const send = async (environment: Record<string, string>, from: number, to: number) => {
      const messages = Array.from({ length: seriesCount }, (_, n) => ({
        metric: "flow",
        tagset: { n: String(n) },
        type: "tdouble",
        values: Array.from({ length: to - from }, (_, i) => [
          new Date(start + (from + i) * 1000).toISOString().slice(0, 23),
          from + i,
        ]),
      }));
      const response = await fetch(`http://127.0.0.1:${environment.HTTP_PORT}/api/v1/series`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(messages),
      });
      assert.equal(response.status, 200, await response.text());
    };
    for (let from = 0; from < 200; from += 20) await send(from % 40 === 0 ? first : second, from, from + 20);
    engines[0]?.kill("SIGKILL");
    for (let from = 200; from < count; from += 20) await send(second, from, from + 20);

    const stored = async () => {
      const [found] = await keyspaces.cql(`SELECT count(*) AS points FROM ${keyspaces.raw}.observations`);
      return Number(found?.points);
    };
    await until("all is stored", async () => (await stored()) === seriesCount * count);
    const settled = async () => {
      const audit = await millrace(["audit", graph], second);
      assert.equal(audit.code, 0, `${audit.stdout}${audit.stderr}`);
      return audit.stdout.split("\n").filter((line) => line.includes("raw[") && !line.endsWith("in flight 0"));
    };
    await until("all is committed", async () => (await settled()).length === 0);
    const days = await keyspaces.cql(
      `SELECT count, sum FROM ${keyspaces.aggregated}.aggregations WHERE period = '1d' ALLOW FILTERING`,
    );
    assert.equal(days.length, seriesCount);
    for (const { count: points, sum } of days) {
      assert.deepEqual([Number(points), sum], [count, (count * (count - 1)) / 2]);
    }
    const [, engine] = engines;
    assert.ok(engine !== undefined);
    const ended = finished(engine);
    engine.kill("SIGTERM");
    assert.equal((await ended).code, 0);

    // The books stand beside the offsets, for whoever asks.
    const audit = await millrace(["audit", graph], second);
    assert.equal(audit.code, 0, audit.stdout);
    assert.equal(audit.stdout.match(/^balanced {3}raw\[\d\] -> rollups: .*in flight 0$/gm)?.length, 4);
  }, 300_000);
});

await withServer("kafka", "A finite graph through a buffer in Kafka", (kafka) => {
  test("a run until idle ends when the buffer is empty, and its books balance afterwards", async () => {
    const folder = temporaryFolder();
    const lines = Array.from({ length: 500 }, (_, i) => {
      const at = new Date(start + i * 1000).toISOString().slice(0, 19);
      return JSON.stringify({ metric: `m${i % 9}`, tagset: {}, type: "tlong", values: [[at, i]] });
    });
    writeFileSync(join(folder, "readings.jsonl"), `${lines.join("\n")}\n`);
    writeFileSync(
      join(folder, "graph.yaml"),
      `name: idle-${process.pid}-${Date.now()}
stores: { main: { type: embedded, path: ./store } }
sources: { readings: { type: file/jsonl, path: ./readings.jsonl } }
buffers: { raw: { type: kafka, from: readings, nodes: [{ host: ${kafka.host}, port: ${kafka.ports.plain} }], compression: zstd } }
blocks: { rollups: { type: processor, from: raw, store: main } }
`,
    );
    const run = await millrace(["run", "graph.yaml", "--until-idle", "--quiet"], {}, folder);
    assert.equal(run.code, 0, run.stderr);
    const { stdout } = await millrace(["audit", "graph.yaml"], {}, folder);
    const entered = [...stdout.matchAll(/^balanced {3}raw\[\d\] -> rollups: entered (\d+), .*in flight 0$/gm)];
    assert.equal(entered.length, 4);
    assert.equal(
      entered.reduce((sum, [, rows]) => sum + Number(rows), 0),
      500,
    );
  }, 120_000);
});
