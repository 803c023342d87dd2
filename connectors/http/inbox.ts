import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import type { Clock } from "../../runtime/clock/clock.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";
import { HttpFault } from "./http-fault.ts";

export interface InboxLimits {
  /** Requests whose rows are not at rest yet. */
  readonly waitingMax: number;
  readonly responseTimeoutMs: number;
}

/**
 * Where requests wait: first for the stream to take their chunks, then for what was made from them to be at rest.
 *
 * Emits:         the chunks of each request, in the order in which the requests were complete.
 * Backpressures: takes no request when `waitingMax` wait already; the sender is told 503.
 * Completes:     never by itself.
 * Cancels:       those who wait are answered 503, and what was not emitted is dropped: its senders repeat it.
 * State:         the chunks of at most `waitingMax` requests.
 * Delivery:      a sender is told success once its receipt is settled, 503 when it failed or took too long; the rows may be
 *                stored all the same, and repeats are harmless.
 */
export class Inbox implements AsyncIterableIterator<ObservationChunk> {
  readonly #limits: InboxLimits;
  readonly #clock: Clock;
  readonly #chunks: ObservationChunk[] = [];
  readonly #waiting = new Set<(fault: HttpFault) => void>();
  #unsettled = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(limits: InboxLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Requests whose rows are not at rest yet. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** @throws {HttpFault} 503 when a request would not be taken now. */
  checkRoom(): void {
    if (this.#closed) throw stopping();
    if (this.#unsettled >= this.#limits.waitingMax) {
      throw new HttpFault(503, `Cannot accept the request as ${this.#limits.waitingMax} wait already (max_waiting)`);
    }
  }

  /**
   * Takes the rows of one request.
   *
   * @param build Makes its chunks under the receipt.
   * @param onSettled Called when nothing is held for the request any more: settled, failed, or dropped.
   * @returns what became of the rows, once all of it is at rest.
   * @throws {HttpFault} 503 when it was not taken, failed, took too long, or the source stops.
   */
  submit(rows: number, build: (receipt: Receipt) => ObservationChunk[], onSettled: () => void): Promise<Tally> {
    return new Promise((resolve, reject) => {
      this.checkRoom();
      this.#unsettled += 1;
      const settle = () => {
        this.#unsettled -= 1;
        onSettled();
      };
      const refuse = (fault: HttpFault) => {
        timer.cancel();
        this.#waiting.delete(refuse);
        reject(fault);
      };
      const timer = this.#clock.after(this.#limits.responseTimeoutMs, () => refuse(tooSlow(this.#limits)));
      this.#waiting.add(refuse);
      const receipt = new Receipt(
        rows,
        (tally) => {
          timer.cancel();
          this.#waiting.delete(refuse);
          settle();
          resolve(tally);
        },
        (cause) => {
          settle();
          refuse(new HttpFault(503, "Cannot store the messages now: send them again", { cause }));
        },
        { redelivers: true },
      );
      this.#chunks.push(...build(receipt));
      this.#wake?.();
    });
  }

  async next(): Promise<IteratorResult<ObservationChunk, undefined>> {
    while (!this.#closed) {
      const chunk = this.#chunks.shift();
      if (chunk !== undefined) return { done: false, value: chunk };
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    return { done: true, value: undefined };
  }

  /** Answers everyone who waits, and takes nothing more. */
  close(): void {
    this.#closed = true;
    this.#chunks.length = 0;
    for (const refuse of this.#waiting) refuse(stopping());
    this.#wake?.();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

function stopping(): HttpFault {
  return new HttpFault(503, "Cannot accept messages as the source stops: send them again");
}

function tooSlow(limits: InboxLimits): HttpFault {
  const sentence = `Cannot confirm the messages as they are not stored after ${limits.responseTimeoutMs} ms`;
  return new HttpFault(503, `${sentence}; they may be later, and sending them again does no harm`);
}
