import { createRequire } from "node:module";

/**
 * What is wrong in kafkajs 2.2.4, which nobody mends, and where this folder works around it:
 *
 * - An idle connection arms a timer of 1 ms for ever (tulios/kafkajs#1751): mended here, as it has no other door.
 * - `resolveOffset` is a high-water mark that passes what is not processed (#1764), and offsets of partitions that were revoked
 *   can be committed (#1046): kafkajs commits nothing here; `offset-tracker.ts` and `group-member.ts` do.
 * - After a rebalance, records that were fetched before it still arrive, and handlers may run twice (#1097, #916):
 *   `assigned-partition.ts` takes a batch only when it begins where the last one ended.
 * - Snappy, lz4 and zstd crash the consumer that meets them (#1141, #1475): `codecs.ts`.
 * - Paused partitions keep what was fetched; the session lives on only while kafkajs fetches: handlers here return at once, so
 *   that it always does, and `group-member.ts` pauses early.
 * - A consumer that is disconnected while it recovers from a crash starts again afterwards, and nobody can end it any more:
 *   `group-member.ts` refuses the start.
 * - Its assigner deals a topic to members that did not subscribe to it: `assigner.ts` names its own.
 * - The default partitioner changed in 2.0: `producer.ts` names its own.
 */
export function mendRequestQueue(): void {
  const require = createRequire(import.meta.url);
  const queue = (require("kafkajs/src/network/requestQueue") as { prototype: RequestQueue }).prototype;
  if (Object.hasOwn(queue, mended)) return;
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function scheduleWhenNeeded() {
    // Whoever adds a request calls this again, so there is nothing to wake up for before.
    if (this.pending.length > 0) schedule.call(this);
  };
  queue[mended] = true;
}

const mended = Symbol("timer mended");

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests(): void;
  [mended]?: true;
}
