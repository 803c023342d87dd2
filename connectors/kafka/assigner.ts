import type { AssignerProtocol, PartitionAssigner } from "kafkajs";
import { topicsAdderOf } from "./kafkajs-internals.ts";

/**
 * Deals the partitions of each topic out to the members that subscribe to it. kafkajs' own assigner deals all of them to all
 * members, whatever they subscribe to, so that two sources of one group would take each other's topics.
 *
 * @param protocol The codecs of kafkajs, which is loaded late.
 * @param onJoining Called whenever the member asks to join; kafkajs tells of joinings that came to an end alone.
 */
export function bySubscription(protocol: typeof AssignerProtocol, onJoining: () => void): PartitionAssigner {
  const { MemberAssignment, MemberMetadata } = protocol;
  const version = 0;
  const name = "MillraceBySubscription";
  return ({ cluster }) => ({
    name,
    version,
    protocol: ({ topics }) => {
      onJoining();
      return { name, metadata: MemberMetadata.encode({ version, topics, userData: Buffer.alloc(0) }) };
    },
    assign: async ({ members }) => {
      const subscribers = new Map<string, string[]>();
      for (const { memberId, memberMetadata } of members) {
        for (const topic of MemberMetadata.decode(memberMetadata)?.topics ?? []) {
          subscribers.set(topic, [...(subscribers.get(topic) ?? []), memberId]);
        }
      }
      await topicsAdderOf(cluster)([...subscribers.keys()]);
      const shares = new Map<string, Record<string, number[]>>();
      for (const [topic, subscribed] of subscribers) {
        const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
        for (const [memberId, share] of dealt(partitions, subscribed)) {
          shares.set(memberId, { ...shares.get(memberId), [topic]: share });
        }
      }
      return [...shares].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }),
      }));
    },
  });
}

/** In turn, in the order of partitions and members: every member would deal alike. */
export function dealt(partitions: readonly number[], members: readonly string[]): Map<string, number[]> {
  const sorted = members.toSorted();
  const shares = new Map<string, number[]>(sorted.map((member) => [member, []]));
  for (const [turn, partition] of partitions.toSorted((a, b) => a - b).entries()) {
    shares.get(sorted[turn % sorted.length] ?? "")?.push(partition);
  }
  return shares;
}
