import assert from "node:assert/strict";
import type { ConsumerConfig, Kafka } from "kafkajs";
import { test } from "vitest";
import type { AssignedPartition } from "../../../connectors/kafka/assigned-partition.ts";
import { GroupMember } from "../../../connectors/kafka/group-member.ts";
import { clusterSettings } from "../../../connectors/kafka/settings.ts";
import { record } from "../../../config/declare.ts";
import { kafkaContext } from "./kafka-topic.ts";

const topic = "measurements";

/** What a group member sees of kafkajs; the test deals out the partitions. */
class FakeKafka {
  readonly #listeners = new Map<string, (event: { payload: unknown }) => void>();
  #join: () => void = () => {};
  #retry: ConsumerConfig["retry"];

  consumer({ partitionAssigners = [], retry }: ConsumerConfig) {
    this.#retry = retry;
    const nothing = async () => {};
    const [assigner] = partitionAssigners.map((make) =>
      make({ cluster: {} as never, groupId: "", logger: {} as never }),
    );
    this.#join = () => assigner?.protocol({ topics: [topic] });
    return {
      events: { GROUP_JOIN: "join", START_BATCH_PROCESS: "batch", CRASH: "crash" },
      on: (event: string, listener: (event: { payload: unknown }) => void) => this.#listeners.set(event, listener),
      ...{ connect: nothing, subscribe: nothing, run: nothing, disconnect: nothing },
      ...{ seek: () => {}, pause: () => {}, resume: () => {} },
    };
  }

  admin() {
    return {
      connect: async () => {},
      disconnect: async () => {},
      fetchOffsets: async () => [{ topic, partitions: [] }],
      fetchTopicOffsets: async () => [],
    };
  }

  /** The member asks to join. */
  join(): void {
    this.#join();
  }

  /** After a crash kafkajs asks whether to start again. */
  async startsAgain(): Promise<boolean | undefined> {
    return await this.#retry?.restartOnFailure?.(new Error("crash"));
  }

  /** It gets its share. */
  deal(memberId: string, partitions: readonly number[]): void {
    this.#listeners.get("join")?.({ payload: { memberId, memberAssignment: { [topic]: partitions } } });
  }
}

async function joined() {
  const kafka = new FakeKafka();
  const cluster = record(clusterSettings).parse({ nodes: [{ host: "127.0.0.1" }] });
  const settings = { topic, group: "g", sessionTimeoutMs: 30_000, cluster };
  const member = new GroupMember(kafka as unknown as Kafka, settings, kafkaContext("g"));
  const lost: number[][] = [];
  const located: AssignedPartition[] = [];
  await member.attach({
    onRecords: () => {},
    onLost: (partitions) => lost.push(partitions.map(({ partition }) => partition)),
    onFailed: assert.fail,
    onLocated: (home) => located.push(home),
  });
  kafka.join();
  kafka.deal("a", [0, 1]);
  return { kafka, member, lost, located };
}

test("a member keeps what it has where the group deals it again", async () => {
  const { kafka, member, lost } = await joined();
  kafka.join();
  kafka.deal("a", [1, 2]);
  assert.deepEqual([lost, member.partitions], [[[0]], [1, 2]]);
});

test("a member that was taken for dead has lost all it had", async () => {
  const { kafka, member, lost } = await joined();
  kafka.join();
  kafka.deal("b", [0, 1]);
  assert.deepEqual([lost, member.partitions], [[[0, 1]], [0, 1]]);
});

test("a member that joins again before it got its share has missed a deal, and lost all it had", async () => {
  const { kafka, member, lost } = await joined();
  kafka.join();
  kafka.join();
  assert.deepEqual([lost, member.partitions], [[[0, 1]], []]);
  kafka.deal("a", [0, 1]);
  assert.deepEqual([lost, member.partitions], [[[0, 1]], [0, 1]]);
});

test("a member moves nothing back where one of the partitions is somebody else's now", async () => {
  const { kafka, member, located } = await joined();
  await member.ready();
  assert.deepEqual(
    located.map(({ partition }) => partition),
    [0, 1],
  );
  kafka.deal("a", [1]);
  const moves = located.map((home) => ({ home, offset: 0, note: "" }));
  await assert.rejects(member.moveBack(moves), { code: "STREAM_STOPPED", retryable: true, message: /partition 0/ });
});

test("a member that is closed while its consumer recovers from a crash does not start again", async () => {
  const { kafka, member } = await joined();
  assert.equal(await kafka.startsAgain(), true);
  await member.close();
  assert.equal(await kafka.startsAgain(), false);
});
