import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "vitest";
import { kafkaJsonSink, kafkaProtobufSink } from "../../../connectors/kafka/sink.ts";
import { kafkaJsonSource } from "../../../connectors/kafka/source.ts";
import type { Log } from "../../../runtime/log.ts";
import { kafkaLogin } from "../../../tools/services/kafka.ts";
import { withServer } from "../../with-server.ts";
import { adminOf, kafkaContext, newTopic, nodesOf } from "./kafka-topic.ts";

const parsed = (given: object) => kafkaJsonSource.settings.parse(given);

test("a topic has a name that Kafka takes, and a cluster at least one node", () => {
  const valid = (given: object) => kafkaJsonSource.settings.safeParse({ topic: "t", ...given }).success;
  assert.equal(valid({}), true);
  assert.equal(valid({ topic: "a b" }), false);
  assert.equal(valid({ topic: "x".repeat(250) }), false);
  assert.equal(valid({ nodes: [] }), false);
  assert.deepEqual(parsed({ topic: "t" }).nodes, [{ host: "localhost", port: 9092 }]);
});

test("a cluster that cannot be reached is named in a sentence", async () => {
  const settings = parsed({ topic: "t", nodes: [{ host: "127.0.0.1", port: 1 }] });
  await assert.rejects(kafkaJsonSource.open(settings, kafkaContext("g")), {
    code: "CONNECTION_FAILED",
    retryable: true,
    message: /^Cannot reach Kafka at 127\.0\.0\.1:1: .*ECONNREFUSED/,
  });
});

await withServer("kafka", "Settings of Kafka", (kafka) => {
  const open = (given: object, log?: Log) => {
    const context = kafkaContext("g", log);
    return kafkaJsonSource.open(parsed(given), context).finally(() => context.close().catch(() => {}));
  };

  test("a topic that is missing is named, or made where the settings say how", async () => {
    const topic = `missing-${process.pid}-${Date.now()}`;
    await assert.rejects(open({ topic, nodes: nodesOf(kafka) }), {
      code: "SETTING_INVALID",
      message: `Cannot use the topic "${topic}" as the cluster must have it: it is missing, and "partitions" makes it`,
    });
    await open({ topic, nodes: nodesOf(kafka), partitions: 3 });
    const admin = adminOf(kafka);
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: topic, configNames: ["cleanup.policy", "retention.ms"] }],
    });
    await admin.disconnect();
    assert.equal(topics[0]?.partitions.length, 3);
    const entries = resources[0]?.configEntries.map(({ configName, configValue }) => [configName, configValue]) ?? [];
    assert.deepEqual(Object.fromEntries(entries), { "cleanup.policy": "delete", "retention.ms": "604800000" });
  });

  test("a compacted topic is refused, for reading and for writing", async () => {
    const topic = await newTopic(kafka, 1, [{ name: "cleanup.policy", value: "compact" }]);
    const refusal = { code: "SETTING_INVALID", message: /cleanup\.policy must be "delete": it is "compact"/ };
    await assert.rejects(open({ topic, nodes: nodesOf(kafka) }), refusal);
    for (const sink of [kafkaJsonSink, kafkaProtobufSink]) {
      const settings = sink.settings.parse({ topic, nodes: nodesOf(kafka) });
      await assert.rejects(sink.open(settings as never, kafkaContext("g")), refusal);
    }
  });

  for (const sasl of ["plain", "scram-sha-256", "scram-sha-512"]) {
    test(`login and password are proved by ${sasl}, and a wrong one is said without it`, async () => {
      const topic = await newTopic(kafka);
      const given = { topic, nodes: nodesOf(kafka, "sasl"), sasl };
      await open({ ...given, security: { type: "password", ...kafkaLogin } });
      const said: unknown[] = [];
      const note = (...words: unknown[]) => said.push(words);
      const log: Log = { debug: note, info: note, warn: note, error: note, child: () => log };
      const wrong = { type: "password", login: kafkaLogin.login, password: "not-the-password" };
      const error: unknown = await open({ ...given, security: wrong }, log).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error);
      assert.match(error.message, /^Cannot reach Kafka at 127.*SASL/);
      assert.doesNotMatch(JSON.stringify([said, error.message, String(error.stack)]), /not-the-password/);
    });
  }

  test("a cluster is trusted by its authority, and knows us by our certificate", async () => {
    const topic = await newTopic(kafka);
    const given = { topic, nodes: nodesOf(kafka, "tls") };
    const pem = (name: string) => join(kafka.folder, "tls", name);
    await open({ ...given, security: { type: "tls", ca: pem("ca.pem") } });
    await open({
      ...given,
      security: { type: "tls", ca: pem("ca.pem"), cert: pem("client.pem"), key: pem("client-key.pem") },
    });
    await assert.rejects(open({ ...given, security: { type: "tls" } }), { code: "CONNECTION_FAILED" });
    await assert.rejects(open({ ...given, security: { type: "tls", ca: pem("absent.pem") } }), {
      code: "PATH_UNREADABLE",
    });
  });
});
