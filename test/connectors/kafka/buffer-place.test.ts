import assert from "node:assert/strict";
import { test } from "vitest";
import { decodePlace, encodePlace } from "../../../connectors/kafka/buffer-place.ts";
import { Tally } from "../../../runtime/receipt.ts";

const extents = { ahead: { records: 1, rows: 2, bytes: 3 }, seen: { records: 4, rows: 5, bytes: 6 } };

function tallyOf(reasons: number): Tally {
  const tally = new Tally();
  tally.entered = 1_000_000;
  tally.durable = 7;
  for (let reason = 1; reason <= reasons; reason++) tally.filtered.set(`a reason with the number ${reason}`, reason);
  tally.deadLettered.set("VALUE_INVALID", 3);
  return tally;
}

test("a place comes back as it was noted", () => {
  const place = { position: 12, rows: 99, settled: tallyOf(3) };
  assert.deepEqual(decodePlace(encodePlace(place, extents), 12), { place, ...extents });
});

test("a note stays below what brokers keep, and counts the rarest reasons together", () => {
  const settled = tallyOf(1_000);
  const note = encodePlace({ position: 12, rows: 99, settled }, extents);
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
