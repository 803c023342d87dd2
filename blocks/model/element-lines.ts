import { AggregationChunk } from "./aggregation.ts";
import type { SinkElement } from "./component.ts";
import { aggregationLine, deadLetterLine, messagesOf } from "./json-output.ts";
import { ObservationChunk } from "./observation-chunk.ts";

/** What an element is in a file of JSON lines: its messages, aggregations or dead letters, one compact line each, with its end. */
export function elementLines(element: SinkElement): string {
  let lines = "";
  if (element instanceof ObservationChunk) for (const message of messagesOf(element)) lines += `${message}\n`;
  else if (element instanceof AggregationChunk)
    for (const one of element.aggregations) lines += `${aggregationLine(one)}\n`;
  else for (const letter of element.letters) lines += `${deadLetterLine(letter)}\n`;
  return lines;
}

/**
 * An element is at rest outside: gives up the hold on its receipt. Only observations are counted as durable; aggregations and
 * dead letters were accounted for where they were made.
 */
export function settleAtRest(element: SinkElement): void {
  if (element instanceof ObservationChunk) element.receipt.durable(element.length);
  element.receipt.release();
}

/** An element is not wanted any more: like `settleAtRest`, with observations counted as filtered. */
export function settleUnwanted(element: SinkElement, reason: string): void {
  if (element instanceof ObservationChunk) element.receipt.filtered(reason, element.length);
  element.receipt.release();
}
