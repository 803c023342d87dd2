import type { Engine } from "../../graphs/engine.ts";

const terminalIntervalMs = 1_000;
const plainIntervalMs = 30_000;

/**
 * One line about a running engine: rows handed in and their rate, series, rows at rest in buffers. On a terminal it is redrawn
 * every second; elsewhere it is a line after a second, and then every half minute.
 */
export class StatusLine {
  readonly #engine: Engine;
  readonly #out: NodeJS.WriteStream;
  readonly #timers: NodeJS.Timeout[] = [];
  #entered = 0;
  #at = performance.now();

  constructor(engine: Engine, out: NodeJS.WriteStream, shown: boolean) {
    this.#engine = engine;
    this.#out = out;
    if (!shown) return;
    this.#timers.push(setInterval(() => this.#draw(), out.isTTY ? terminalIntervalMs : plainIntervalMs));
    if (!out.isTTY) this.#timers.push(setTimeout(() => this.#draw(), terminalIntervalMs));
    for (const timer of this.#timers) timer.unref();
  }

  end(): void {
    if (this.#timers.length === 0) return;
    for (const timer of this.#timers) clearInterval(timer);
    if (this.#out.isTTY) this.#out.write("\n");
  }

  #draw(): void {
    const { sources, series, buffers, segments } = this.#engine.status();
    const entered = sources.reduce((rows, source) => rows + source.entered, 0);
    const now = performance.now();
    const rate = (entered - this.#entered) / ((now - this.#at) / 1_000);
    this.#entered = entered;
    this.#at = now;
    const resting = buffers.reduce((rows, buffer) => rows + buffer.rows, 0);
    const restarts = segments.reduce((count, segment) => count + segment.restarts, 0);
    const parts = [
      `${whole(entered)} data points in (${whole(rate)}/s)`,
      `${whole(series)} series`,
      `${whole(resting)} in buffers`,
      ...(restarts > 0 ? [`${restarts} restarts`] : []),
    ];
    const line = parts.join("  ");
    this.#out.write(this.#out.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }
}

function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
