// Functions that the tests of pools run in threads.
import { move } from "../../../runtime/workers/transfer.ts";

export function double(element: number): number {
  return element * 2;
}

/** Waits until the flag `waitsFor` is up, then puts up its own. */
export function gate({ flags, own, waitsFor }: { flags: SharedArrayBuffer; own: number; waitsFor: number }): number {
  const cells = new Int32Array(flags);
  if (waitsFor >= 0) Atomics.wait(cells, waitsFor, 0);
  Atomics.store(cells, own, 1);
  Atomics.notify(cells, own);
  return own;
}

export function moveBack(columns: { values: Float64Array }): { values: Float64Array } {
  columns.values[0] = 42;
  return move({ values: columns.values });
}

export function faulty(element: number): number {
  if (element === 2) process.exit(3);
  if (element === 3) throw new Error("thrown on purpose");
  if (element === 4) for (;;);
  return element;
}

export function hang(flags: SharedArrayBuffer): never {
  const cells = new Int32Array(flags);
  Atomics.store(cells, 0, 1);
  for (;;);
}
