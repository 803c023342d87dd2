const width = 30;

/** A bar on a terminal for work whose length is known, drawn over itself; elsewhere nothing. */
export class ProgressBar {
  readonly #out: NodeJS.WriteStream;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** @param share From 0 to 1. @param text What was done so far, in a few words. */
  draw(share: number, text: string): void {
    if (!this.#out.isTTY) return;
    const full = Math.round(share * width);
    const bar = "█".repeat(full) + "░".repeat(width - full);
    this.#out.write(`\r\u001b[K${bar} ${Math.floor(share * 100)} %  ${text}`);
  }

  /** Leaves the line to what comes next. */
  end(): void {
    if (this.#out.isTTY) this.#out.write("\r\u001b[K");
  }
}
