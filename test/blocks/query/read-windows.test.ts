import fc from "fast-check";
import { expect, test } from "vitest";
import { periodOf } from "../../../blocks/model/period.ts";
import { timestampMax, timestampMin } from "../../../blocks/model/timestamp.ts";
import { ReadWindows, type Window } from "../../../blocks/query/read-windows.ts";

function all(windows: ReadWindows, rowsOf: (window: Window) => number): Window[] {
  const seen: Window[] = [];
  for (let window = windows.next(); window !== undefined; window = windows.next()) {
    seen.push(window);
    windows.saw(rowsOf(window));
  }
  return seen;
}

test("windows cover the range once, newest first, and cut no bucket", () => {
  const labels = fc.constantFrom("1s", "7m", "1d", "1mo");
  const rows = fc.integer({ min: 0, max: 300_000 });
  fc.assert(
    fc.property(
      labels,
      fc.integer({ min: 0, max: 1e9 }),
      fc.integer({ min: 1, max: 1e7 }),
      rows,
      (label, from, length, count) => {
        const period = periodOf(label);
        const bounds = { from: period.start(from), to: period.next(period.start(from + length)) };
        const seen = all(new ReadWindows(bounds, period), () => count);
        expect(seen[0]?.to).toBe(bounds.to);
        expect(seen.at(-1)?.from).toBe(bounds.from);
        seen.forEach((window, index) => {
          expect(window.from).toBe(period.start(window.from));
          expect(window.from).toBeLessThan(window.to);
          if (index > 0) expect(window.to).toBe(seen[index - 1]?.from);
        });
      },
    ),
  );
});

test("all of time is covered in a few windows where there is nothing", () => {
  const seen = all(new ReadWindows({ from: timestampMin, to: timestampMax + 1 }), () => 0);
  expect(seen.length).toBeLessThan(20);
});

test("windows settle at a size that data of any density fills", () => {
  const seen = all(new ReadWindows({ from: 0, to: 10_000_000 }), ({ from, to }) => (to - from) * 2);
  expect(Math.max(...seen.slice(3).map(({ from, to }) => (to - from) * 2))).toBeLessThanOrEqual(65_536);
  expect(seen.length).toBeLessThan(700);
});

test("an empty range has no window", () => {
  expect(new ReadWindows({ from: 5, to: 5 }).next()).toBeUndefined();
  expect(new ReadWindows({ from: 6, to: 5 }).next()).toBeUndefined();
});
