import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { WriteRevisions } from "../../../blocks/rollup/write-revisions.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const entered = (enteredAt?: number) =>
  new Receipt(
    1,
    () => {},
    () => {},
    { enteredAt },
  );

test("a revision is the entry of the last record, and ascends where several writes come from one record", () => {
  const revisions = new WriteRevisions();
  assert.equal(revisions.next([entered(5), entered(7), entered(6)]), 7_000);
  assert.equal(revisions.next([entered(7)]), 7_001);
  assert.equal(revisions.next([entered(3)]), 7_002);
  assert.equal(revisions.next([entered(8)]), 8_000);
  assert.equal(revisions.next([entered()]), undefined);
});

test("a joined receipt entered with the last of those it stands for", () => {
  assert.equal(Receipt.joined([entered(2), entered(), entered(9)]).enteredAt, 9);
  assert.equal(Receipt.joined([entered()]).enteredAt, undefined);
});

/** A record: entered so many ms after the last, and sets one of three keys to its own number. */
const records = fc.array(fc.record({ gap: fc.integer({ min: 1, max: 50 }), key: fc.integer({ min: 0, max: 2 }) }), {
  minLength: 1,
  maxLength: 30,
});
/** Writers that each read a stretch of the records, in batches of their own, and the order in which their writes arrive. */
const writers = fc.array(
  fc.record({ from: fc.nat(30), batches: fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }) }),
  { maxLength: 4 },
);

test("whatever writers do, and in whatever order it arrives, what entered last stands", () => {
  fc.assert(
    fc.property(records, writers, fc.infiniteStream(fc.nat()), (given, others, chance) => {
      let now = 0;
      const log = given.map(({ gap, key }, value) => {
        now += gap;
        return { enteredAt: now, key, value };
      });
      // One of the writers gets to the end; the others are killed, or were replaced and do not know it.
      const all = [...others, { from: 0, batches: log.map(() => 1) }];
      const arriving = all.flatMap(({ from, batches }) => writesOf(log, from, batches));
      const stored = new Map<number, { revision: number; value: number }>();
      while (arriving.length > 0) {
        const [write] = arriving.splice((chance.next().value as number) % arriving.length, 1);
        for (const [key, value] of write?.values ?? []) {
          const known = stored.get(key);
          if (known === undefined || (write?.revision ?? 0) > known.revision) {
            stored.set(key, { revision: write?.revision ?? 0, value });
          }
        }
      }
      for (const { key } of log) {
        assert.equal(stored.get(key)?.value, log.findLast((record) => record.key === key)?.value);
      }
    }),
  );
});

function writesOf(
  log: readonly { enteredAt: number; key: number; value: number }[],
  from: number,
  batches: readonly number[],
) {
  const revisions = new WriteRevisions();
  const writes: { revision: number; values: Map<number, number> }[] = [];
  let at = from;
  for (const size of batches) {
    const batch = log.slice(at, at + size);
    at += size;
    if (batch.length === 0) break;
    const revision = revisions.next(batch.map(({ enteredAt }) => entered(enteredAt))) ?? 0;
    writes.push({ revision, values: new Map(batch.map(({ key, value }) => [key, value])) });
  }
  return writes;
}
