import type { ErrorCode, Where } from "../../runtime/errors.ts";
import type { Receipt } from "../../runtime/receipt.ts";

/** Something that could not be processed, with its reason. */
export interface DeadLetter {
  /** The node that refused it. */
  readonly node: string;
  readonly code: ErrorCode;
  /** One sentence. */
  readonly reason: string;
  /** Where it stood: file, line. */
  readonly where: Where;
  /** What was refused, as JSON can carry it. */
  readonly payload: unknown;
  /** When it was refused, ms since the epoch. */
  readonly at: number;
}

/** Dead letters on their way; the rows they stand for are accounted under the receipt by whoever made them. */
export class DeadLetterChunk {
  readonly letters: readonly DeadLetter[];
  readonly receipt: Receipt;

  constructor(letters: readonly DeadLetter[], receipt: Receipt) {
    this.letters = letters;
    this.receipt = receipt;
  }
}
