import { type Observable, Subject } from "rxjs";

export interface DeadLetter {
  readonly message: unknown;
  /** The path of the actor it was for. */
  readonly to: string;
  readonly reason: "mailbox full" | "actor stopped";
}

/** Messages that no actor took. Keeps the newest ones and counts all. */
export class DeadLetters {
  readonly #recentMax: number;
  readonly #recent: DeadLetter[] = [];
  readonly #subject = new Subject<DeadLetter>();
  #count = 0;
  #next = 0;

  /** @param recentMax Letters kept at most; the oldest goes first. */
  constructor(recentMax = 256) {
    this.#recentMax = recentMax;
  }

  /** Letters ever. */
  get count(): number {
    return this.#count;
  }

  /** Each letter as it arrives; never completes. */
  get letters(): Observable<DeadLetter> {
    return this.#subject.asObservable();
  }

  /** The letters kept, oldest first. */
  recent(): readonly DeadLetter[] {
    return [...this.#recent.slice(this.#next), ...this.#recent.slice(0, this.#next)];
  }

  add(letter: DeadLetter): void {
    this.#count += 1;
    if (this.#recent.length < this.#recentMax) this.#recent.push(letter);
    else {
      this.#recent[this.#next] = letter;
      this.#next = (this.#next + 1) % this.#recentMax;
    }
    this.#subject.next(letter);
  }
}
