/** Lets a bounded number of requests run at once; the others wait in order of arrival. */
export class InFlight {
  readonly #max: number;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  async run<T>(request: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#max) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await request();
    } finally {
      // The place goes to the one that waits longest, so nobody can come between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  /**
   * Does all of `work`, drawn one by one as places become free: what is drawn is all that is in memory. Starts nothing more after
   * a failure, and waits for what it started.
   *
   * @throws the first failure.
   */
  async runAll<T>(work: Iterable<T>, request: (one: T) => Promise<void>): Promise<void> {
    const rest = work[Symbol.iterator]();
    let failed = false;
    const worker = async () => {
      while (!failed) {
        const done = await this.run(async () => {
          const next = failed ? undefined : rest.next();
          if (next === undefined || next.done === true) return true;
          await request(next.value);
          return false;
        }).catch((thrown: unknown) => {
          failed = true;
          throw thrown;
        });
        if (done) return;
      }
    };
    const settled = await Promise.allSettled(Array.from({ length: this.#max }, worker));
    for (const one of settled) if (one.status === "rejected") throw one.reason;
  }
}
