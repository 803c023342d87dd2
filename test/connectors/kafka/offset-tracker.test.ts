import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { type OffsetSpan, OffsetTracker } from "../../../connectors/kafka/offset-tracker.ts";

test("what may be committed never passes a span that is not settled, in any order of settling", () => {
  const script = fc.array(
    fc.oneof(fc.record({ add: fc.integer({ min: 1, max: 5 }) }), fc.record({ settle: fc.nat() })),
    {
      maxLength: 200,
    },
  );
  fc.assert(
    fc.property(script, (steps) => {
      const tracker = new OffsetTracker();
      const spans: OffsetSpan[] = [];
      let end = 100;
      for (const step of steps) {
        const before = tracker.passed;
        if ("add" in step) {
          // Offsets of a log have gaps where records were marks of transactions.
          end += step.add;
          spans.push(tracker.add(end, step.add));
        } else {
          const open = spans.filter(({ settled }) => !settled);
          const span = open[step.settle % Math.max(1, open.length)];
          if (span !== undefined) assert.equal(tracker.settle(span), tracker.passed !== before);
        }
        const lowest = spans.findIndex(({ settled }) => !settled);
        const passed = lowest === -1 ? spans : spans.slice(0, lowest);
        assert.equal(tracker.passed?.end, passed.at(-1)?.end);
        const left = spans.slice(passed.length);
        assert.equal(
          tracker.rows,
          left.reduce((sum, { rows }) => sum + rows, 0),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("a tracker forgets what it passed", () => {
  const tracker = new OffsetTracker();
  for (let offset = 1; offset <= 10_000; offset++) tracker.settle(tracker.add(offset, 1));
  assert.deepEqual([tracker.passed?.end, tracker.rows], [10_000, 0]);
});
