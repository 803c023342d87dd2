import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { WriteRevisions } from "../../../blocks/rollup/write-revisions.ts";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { Receipt } from "../../../runtime/receipt.ts";

const table = new SeriesTable();
const seriesOf = (key: number) => table.intern(`m${key}`, {}, "tdouble").index;

/** A row of a series out of a record. */
function entered(enteredAt?: number, key = 0, lane?: object): ObservationChunk {
  const receipt = new Receipt(
    1,
    () => {},
    () => {},
    { enteredAt, lane },
  );
  const columns = {
    series: Uint32Array.of(seriesOf(key)),
    time: Float64Array.of(0),
    values: Float64Array.of(0),
  };
  return new ObservationChunk(table, "float", 1, columns, receipt);
}

test("a revision is the entry of the last record, and ascends where several writes come from one record", () => {
  const revisions = new WriteRevisions();
  assert.equal(revisions.next([entered(5), entered(7), entered(6)])(seriesOf(0)), 7_000);
  assert.equal(revisions.next([entered(7)])(seriesOf(0)), 7_001);
  assert.equal(revisions.next([entered(3)])(seriesOf(0)), 7_002);
  assert.equal(revisions.next([entered(8)])(seriesOf(0)), 8_000);
  assert.equal(revisions.next([entered()])(seriesOf(0)), undefined);
});

test("lanes do not lift each other: a series goes by the last record of its own", () => {
  const revisions = new WriteRevisions();
  const [left, right] = [{}, {}];
  const both = revisions.next([entered(5, 0, left), entered(90, 1, right), entered(6, 0, left)]);
  assert.deepEqual([both(seriesOf(0)), both(seriesOf(1)), both(seriesOf(2))], [6_000, 90_000, undefined]);
  assert.equal(revisions.next([entered(7, 0, left)])(seriesOf(0)), 7_000);
  assert.equal(revisions.next([entered(90, 1, right)])(seriesOf(1)), 90_001);
  const mixed = revisions.next([entered(8, 0, left), entered(undefined, 1)]);
  assert.deepEqual([mixed(seriesOf(0)), mixed(seriesOf(1))], [8_000, undefined]);
});

test("entries less than a ms apart keep their order", () => {
  const revisions = new WriteRevisions();
  const moment = Date.UTC(2026, 0, 1);
  const first = revisions.next([entered(moment)])(seriesOf(0)) ?? 0;
  assert.equal((revisions.next([entered(moment + 1 / 64)])(seriesOf(0)) ?? 0) - first, 15);
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
    const revision = revisions.next(batch.map(({ enteredAt }) => entered(enteredAt)))(seriesOf(0)) ?? 0;
    writes.push({ revision, values: new Map(batch.map(({ key, value }) => [key, value])) });
  }
  return writes;
}
