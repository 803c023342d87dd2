import type { Batch, Cluster, KafkaMessage } from "kafkajs";

/** Loaded when a graph first uses it. Its names are found in the whole alone: Node does not see them all in its source. */
export async function loadKafkajs() {
  return (await import("kafkajs")).default;
}

/** What kafkajs has and does not declare. Its version is pinned, and `test/connectors/kafka` would notice. */
export interface ICompressionCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>;
  decompress(bytes: Buffer): Promise<Buffer>;
}

/** Where the fetch that brought the batch began: the offset that was asked for. */
export function fetchedOffsetOf(batch: Batch): number {
  return Number((batch as Batch & { readonly fetchedOffset: string }).fetchedOffset);
}

/** Whether the time of a record is that of its entry in the log, and not what its producer said. */
export function hasAppendTime(message: KafkaMessage): boolean {
  const { batchContext } = message as { readonly batchContext?: { readonly timestampType: number } };
  return batchContext?.timestampType === 1;
}

/** Loads what is known of more topics than a consumer subscribes to. */
export function topicsAdderOf(cluster: Cluster): (topics: readonly string[]) => Promise<void> {
  const { addMultipleTargetTopics } = cluster as Cluster & {
    addMultipleTargetTopics(this: Cluster, topics: readonly string[]): Promise<void>;
  };
  return (topics) => addMultipleTargetTopics.call(cluster, topics);
}
