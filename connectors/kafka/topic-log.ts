import type { Admin } from "kafkajs";

/** Which records the partitions of a topic have. */
export class TopicLog {
  readonly #admin: Admin;
  readonly #topic: string;
  readonly #oldest: number[];

  constructor(admin: Admin, topic: string, partitions: number) {
    this.#admin = admin;
    this.#topic = topic;
    this.#oldest = Array.from({ length: partitions }, () => 0);
  }

  /** The offset of the oldest record, or of the next one to come. */
  oldest(partition: number): number {
    return this.#oldest[partition] ?? 0;
  }

  /** @returns by partition: the offset of the next record to come. */
  async look(): Promise<number[]> {
    const next = this.#oldest.map(() => 0);
    for (const { partition, low, high } of await this.#admin.fetchTopicOffsets(this.#topic)) {
      if (partition >= next.length) continue;
      this.#oldest[partition] = Number(low);
      next[partition] = Number(high);
    }
    return next;
  }

  /** By partition: the offset of the first record that entered at a time or later, or of the next one to come. */
  async firstSince(time: number): Promise<number[]> {
    const found = await this.#admin.fetchTopicOffsetsByTimestamp(this.#topic, Math.ceil(time));
    return this.#oldest.map((_, partition) => Number(found.find((one) => one.partition === partition)?.offset ?? 0));
  }

  /** Deletes the records before these offsets, by partition. */
  async deleteBefore(offsets: readonly number[]): Promise<void> {
    const partitions = [...offsets.entries()].filter(([partition, offset]) => offset > this.oldest(partition));
    if (partitions.length === 0) return;
    await this.#admin.deleteTopicRecords({
      topic: this.#topic,
      partitions: partitions.map(([partition, offset]) => ({ partition, offset: String(offset) })),
    });
    for (const [partition, offset] of partitions) this.#oldest[partition] = offset;
  }
}
