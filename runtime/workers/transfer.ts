import type { TransferListItem } from "node:worker_threads";

/** The key of the method by which an element says what of it moves to another thread; the rest of it is copied. */
const transferables: unique symbol = Symbol.for("millrace.transferables");

/** Buffers that move are empty on the side they left. */
interface Transfers {
  [transferables](): readonly TransferListItem[];
}

/**
 * Marks an element to be moved, not copied, to another thread. Copying costs as much as moving up to about 16 KB. A buffer of
 * which anyone else holds a view must not move.
 *
 * @param list What of it moves, asked for as it crosses. Default: the buffers of the typed arrays among its own fields, or its
 * own where it is one.
 * @returns the same object. The mark does not cross: whoever sends it on marks it again.
 */
export function move<T extends object>(
  element: T,
  list: () => readonly TransferListItem[] = () => buffersOf(element),
): T {
  Object.defineProperty(element, transferables, { value: list, configurable: true });
  return element;
}

/** @returns what of the element moves: nothing unless it says so. */
export function transferablesOf(element: unknown): readonly TransferListItem[] {
  if (typeof element !== "object" || element === null || !(transferables in element)) return [];
  return (element as Transfers)[transferables]();
}

function buffersOf(element: object): readonly TransferListItem[] {
  const views = ArrayBuffer.isView(element) ? [element] : Object.values(element).filter(ArrayBuffer.isView);
  return [...new Set(views.map((view) => view.buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
