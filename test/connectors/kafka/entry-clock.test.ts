import assert from "node:assert/strict";
import fc from "fast-check";
import type { Batch, KafkaMessage } from "kafkajs";
import { test } from "vitest";
import { AssignedPartition, metadataOf, readMetadata } from "../../../connectors/kafka/assigned-partition.ts";
import { EntryClock } from "../../../connectors/kafka/entry-clock.ts";

test("entries ascend however the times of records run, and whoever goes on from a note comes to the same", () => {
  const now = 2_000_000;
  const times = [1_000, 1_000, 900, now + 3_600_001, 1_001, 0, 5_000];
  const clock = new EntryClock(0, now);
  const entries = times.map((time) => clock.next(time, true, now));
  // A 64th of a ms after the last where the time says nothing better; the fourth record is from too far ahead.
  assert.deepEqual(entries, [1_000, 1_000 + 1 / 64, 1_000 + 2 / 64, 1_000 + 3 / 64, 1_001, 1_001 + 1 / 64, 5_000]);
  for (let from = 1; from < times.length; from++) {
    const again = new EntryClock(entries[from - 1] ?? 0, now);
    assert.deepEqual(
      times.slice(from).map((time) => again.next(time, true, now)),
      entries.slice(from),
    );
  }
});

test("where producers say when, the first record enters when reading begins, however old it says it is", () => {
  const clock = new EntryClock(0, 1_000);
  assert.deepEqual([clock.next(5, false, 1_010), clock.next(6, false, 1_011)], [1_000, 1_000 + 1 / 64]);
  clock.moveTo(2_000);
  assert.equal(clock.next(7, false, 2_001), 2_000 + 1 / 64);
});

test("metadata of others is none of ours", () => {
  assert.deepEqual(readMetadata(metadataOf({ entered: 7.25, note: '{"a": "b c"}' })), {
    entered: 7.25,
    note: '{"a": "b c"}',
  });
  assert.deepEqual(readMetadata("moved by hand"), { entered: 0, note: "" });
});

/** A record with the time of its producer. */
const messageAt = (offset: number, timestamp: number) =>
  ({ offset: String(offset), timestamp: String(timestamp) }) as KafkaMessage;
const batchOf = (messages: readonly KafkaMessage[]) =>
  ({
    messages,
    fetchedOffset: messages[0]?.offset,
    lastOffset: () => messages.at(-1)?.offset,
  }) as unknown as Batch;

test("whoever replaces a reader has later entries for all that follows its last commit, whatever producers say", () => {
  const times = fc.array(fc.integer({ min: 0, max: 2_000_000 }), { minLength: 4, maxLength: 40 });
  fc.assert(
    fc.property(times, fc.nat(), fc.nat(), (given, some, more) => {
      const messages = given.map((timestamp, offset) => messageAt(offset, timestamp));
      const committed = 1 + (some % (messages.length - 2));
      const before = new AssignedPartition(0);
      before.locate(undefined, 0, 1_000_000);
      // It reads some, and further on commits the first of them; then it goes on without knowing that it was replaced.
      const read = Math.min(messages.length, committed + (more % 4));
      const entries = [...readEntries(before, messages, 0, read)];
      const handedOn = before.handOn(committed, 1, entries[committed - 1] ?? 0);
      before.settle(handedOn);
      const commit = before.committable(1_000_100);
      assert.ok(commit !== undefined);
      before.noteCommitted(commit);
      entries.push(...readEntries(before, messages, read, messages.length));
      const after = new AssignedPartition(0);
      after.locate({ offset: commit.offset, metadata: metadataOf(commit) }, 0, 1_000_200);
      const later = [...readEntries(after, messages, committed, messages.length)];
      for (const [place, entered] of later.entries()) {
        assert.ok(entered >= (entries[committed + place] ?? 0));
        assert.ok(entered > (later[place - 1] ?? 1_000_099));
      }
    }),
  );
});

function* readEntries(home: AssignedPartition, messages: readonly KafkaMessage[], from: number, to: number) {
  if (from === to) return;
  const taken = home.take(batchOf(messages.slice(from, to)));
  assert.ok(taken !== "gap");
  for (const message of taken) yield home.enter(message, 1_000_000);
}
