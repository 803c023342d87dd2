import assert from "node:assert/strict";
import { test } from "vitest";
import { decodePlace, encodePlace } from "../../../connectors/kafka/buffer-place.ts";
import { EntryClock } from "../../../connectors/kafka/entry-clock.ts";
import { Tally } from "../../../runtime/receipt.ts";

const ahead = { records: 1, rows: 2, bytes: 3 };

function tallyOf(reasons: number): Tally {
  const tally = new Tally();
  tally.entered = 1_000_000;
  tally.durable = 7;
  for (let reason = 1; reason <= reasons; reason++) tally.filtered.set(`a reason with the number ${reason}`, reason);
  tally.deadLettered.set("VALUE_INVALID", 3);
  return tally;
}

test("a place comes back as it was noted", () => {
  const place = { position: 12, entered: 1_700_000_000_000.25, rows: 99, settled: tallyOf(3) };
  assert.deepEqual(decodePlace(encodePlace(place, ahead), 12), { place, ahead });
});

test("a note stays below what brokers keep, and counts the rarest reasons together", () => {
  const settled = tallyOf(1_000);
  const note = encodePlace({ position: 12, entered: 1, rows: 99, settled }, ahead);
  assert.ok(Buffer.byteLength(note) <= 4_000);
  const filtered = decodePlace(note, 12)?.place.settled.filtered ?? new Map<string, number>();
  const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((total, rows) => total + rows, 0);
  assert.equal(sum(filtered), sum(settled.filtered));
  assert.equal(filtered.get("a reason with the number 1000"), 1_000);
  assert.equal(filtered.has("a reason with the number 1"), false);
});

test("the note of somebody else is none", () => {
  assert.equal(decodePlace("", 1), undefined);
  assert.equal(decodePlace("moved by hand", 1), undefined);
  assert.equal(decodePlace("{}", 1), undefined);
});

test("entries ascend however the times of records run, and whoever goes on from a note comes to the same", () => {
  const now = 2_000_000;
  const times = [1_000, 1_000, 900, now + 3_600_001, 1_001, 0, 5_000];
  const clock = new EntryClock();
  const entries = times.map((time) => clock.next(time, now));
  // A 64th of a ms after the last where the time says nothing better; the fourth record is from too far ahead.
  assert.deepEqual(entries, [1_000, 1_000 + 1 / 64, 1_000 + 2 / 64, 1_000 + 3 / 64, 1_001, 1_001 + 1 / 64, 5_000]);
  for (let from = 1; from < times.length; from++) {
    const again = new EntryClock(entries[from - 1]);
    assert.deepEqual(
      times.slice(from).map((time) => again.next(time, now)),
      entries.slice(from),
    );
  }
});
