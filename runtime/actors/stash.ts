import { EngineError } from "../errors.ts";
import { Mailbox } from "./mailbox.ts";

/** Messages that an actor put by for later, oldest first. */
export class Stash<M> {
  readonly #max: number;
  readonly #path: string;
  readonly #held = new Mailbox<M>();

  /** @param max Messages held at most. */
  constructor(max: number, path: string) {
    this.#max = max;
    this.#path = path;
  }

  /** @throws {EngineError} `MAILBOX_FULL`. */
  put(message: M): void {
    if (this.#held.size >= this.#max) {
      const sentence = `Cannot stash a message of "${this.#path}" as at most ${this.#max} may be held: it is one more`;
      throw new EngineError("MAILBOX_FULL", sentence);
    }
    this.#held.push(message);
  }

  /** Puts all before what the mailbox holds. */
  emptyInto(mailbox: { unshift(message: M): void }): void {
    for (let last = this.#held.pop(); last !== undefined; last = this.#held.pop()) mailbox.unshift(last);
  }
}
