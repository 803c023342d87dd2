import type { Admin } from "kafkajs";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { type ClientContext, kafkaClient, rootOf, unreachable } from "./client.ts";
import { loadKafkajs } from "./kafkajs-internals.ts";
import type { ClusterSettings } from "./settings.ts";

/** A topic that was made is asked for so often, and after so long. */
const knownTriesMax = 50;
const knownWaitMs = 100;

/** How a topic is made where it is missing. */
export interface NewTopic {
  readonly partitions: number;
  /** Copies of each record; those that the cluster makes unless told. */
  readonly replication: number | undefined;
  /** Ms that records are kept; -1 for ever. */
  readonly retentionMs: number;
}

/**
 * The partitions of a topic, which is made when it is missing and `make` says how.
 *
 * @throws {EngineError} `SETTING_INVALID` when it is missing and must not be made, or when it is compacted: that keeps only the
 *   newest record of each series. `CONNECTION_FAILED`, retryable, when the cluster does not answer.
 */
export async function topicPartitions(
  topic: string,
  settings: ClusterSettings,
  context: ClientContext,
  make?: NewTopic,
): Promise<number> {
  const kafka = await kafkaClient(settings, context, 1);
  const admin = kafka.admin();
  try {
    await admin.connect();
    if (!(await admin.listTopics()).includes(topic)) {
      if (make === undefined) throw missing(topic);
      await create(admin, topic, make);
      await untilKnown(admin, topic, context);
    }
    await refuseCompacted(admin, topic);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0]?.partitions.length ?? 0;
  } catch (cause) {
    throw cause instanceof EngineError ? cause : unreachable(settings, cause);
  } finally {
    await admin.disconnect().catch(() => {});
  }
}

function missing(topic: string): EngineError {
  const sentence = `Cannot use the topic "${topic}" as the cluster must have it: it is missing, and "partitions" makes it`;
  return new EngineError("SETTING_INVALID", sentence);
}

async function create(admin: Admin, topic: string, { partitions, replication, retentionMs }: NewTopic): Promise<void> {
  const configEntries = [
    { name: "cleanup.policy", value: "delete" },
    { name: "retention.ms", value: String(retentionMs) },
    ...(retentionMs < 0 ? [{ name: "retention.bytes", value: "-1" }] : []),
    // The time of a record is that of its entry: a data point of last year is not removed at once.
    { name: "message.timestamp.type", value: "LogAppendTime" },
  ];
  try {
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: replication ?? -1, configEntries }],
      waitForLeaders: false,
    });
  } catch (cause) {
    const why = sentenceOf(rootOf(cause));
    throw new EngineError("CONNECTION_FAILED", `Cannot make the topic "${topic}": ${why}`, { retryable: true, cause });
  }
}

/** A topic that was just made is not known to every broker at once. */
async function untilKnown(admin: Admin, topic: string, { clock }: ClientContext): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      // What every leader has to answer.
      await admin.fetchTopicOffsets(topic);
      return;
    } catch (error) {
      if (tries === knownTriesMax) throw error;
    }
    await new Promise<void>((resolve) => clock.after(knownWaitMs, resolve));
  }
}

async function refuseCompacted(admin: Admin, topic: string): Promise<void> {
  const { ConfigResourceTypes } = await loadKafkajs();
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: topic, configNames: ["cleanup.policy"] }];
  const described = await admin.describeConfigs({ includeSynonyms: false, resources }).catch((error: unknown) => {
    // Who may read a topic need not be allowed to see its settings.
    if (/AUTHORIZATION_FAILED/.test((rootOf(error) as { readonly type?: string }).type ?? "")) return undefined;
    throw error;
  });
  const policy = described?.resources[0]?.configEntries[0]?.configValue ?? "delete";
  if (!policy.includes("compact")) return;
  const rule = `cleanup.policy must be "delete": it is "${policy}", which keeps only the newest record of each series`;
  throw new EngineError("SETTING_INVALID", `Cannot use the topic "${topic}" as its ${rule}`);
}
