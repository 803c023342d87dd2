import type { BufferBooks } from "../blocks/model/buffer.ts";
import type { Tally } from "../runtime/receipt.ts";

/** Whether what entered a place is accounted for. Rows throughout. */
export interface BookPage {
  /** `buffer[partition]`, or `buffer[partition] -> consumer`. */
  readonly place: string;
  readonly entered: number;
  /** Copies for further branches and derived observations. */
  readonly added: number;
  readonly durable: number;
  readonly filtered: Readonly<Record<string, number>>;
  readonly deadLettered: Readonly<Record<string, number>>;
  readonly inFlight: number;
  readonly balanced: boolean;
}

/**
 * The books of a buffer: per partition and consumer, `entered + added = durable + filtered + dead-lettered + in flight`, where
 * `entered` was counted when the rows were appended, what became of them when their position was committed, and what is in
 * flight from the records themselves.
 */
export function pagesOf(buffer: string, books: readonly BufferBooks[]): BookPage[] {
  return books.flatMap(({ partition, consumers }) =>
    [...consumers].map(([consumer, { appended, pending, settled }]) =>
      page(`${buffer}[${partition}] -> ${consumer}`, appended, settled, pending),
    ),
  );
}

function page(place: string, entered: number, settled: Tally, inFlight: number): BookPage {
  const gone = settled.durable + total(settled.filtered) + total(settled.deadLettered);
  return {
    place,
    entered,
    added: settled.added,
    durable: settled.durable,
    filtered: Object.fromEntries(settled.filtered),
    deadLettered: Object.fromEntries(settled.deadLettered),
    inFlight,
    balanced: entered + settled.added === gone + inFlight && entered === settled.entered + inFlight,
  };
}

/** What a source handed straight to blocks, without a buffer between: counted since the engine started. */
export function sourcePage(source: string, settled: Tally, entered: number): BookPage {
  return page(source, entered, settled, entered - settled.entered);
}

function total(counts: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const rows of counts.values()) sum += rows;
  return sum;
}
