import { Agent, request } from "node:http";
import type { CountingClock } from "./counting-clock.ts";

export const seriesCount = 10;
/** Points of one message at most. */
const pointsMax = 200;
/** 2026-01-01. */
const startMs = 1_767_225_600_000;

/**
 * Posts messages to an engine that comes and goes, each until it is confirmed. The `i`-th point of a series is of second `i` and has
 * value `i`, so what must be stored in the end is known.
 */
export class Load {
  /** Confirmed points of each series. */
  readonly counts = new Array<number>(seriesCount).fill(0);
  /** Messages that had to be sent again. */
  repeats = 0;
  readonly #clock: CountingClock;
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  #stopped = false;

  constructor(clock: CountingClock, port: number) {
    this.#clock = clock;
    this.#port = port;
  }

  /** Confirmed in all. */
  get points(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** Sends until it is told to stop and the message under way is confirmed. */
  async run(): Promise<void> {
    while (!this.#stopped) {
      const series = this.#clock.between(0, seriesCount - 1);
      const from = this.counts[series] ?? 0;
      const length = this.#clock.between(1, pointsMax);
      const body = messageOf(series, from, length);
      while ((await this.#post(body)) !== 200) {
        this.repeats += 1;
        await this.#pause(50);
      }
      this.counts[series] = from + length;
      // Bursts and rests.
      if (this.#clock.between(0, 9) === 0) await this.#pause(this.#clock.between(0, 200));
    }
    this.#agent.destroy();
  }

  stop(): void {
    this.#stopped = true;
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#clock.after(ms, resolve));
  }

  /** @returns the status, or 0 where nobody answers. */
  #post(body: string): Promise<number> {
    return new Promise((resolve) => {
      const sent = request(
        {
          agent: this.#agent,
          host: "127.0.0.1",
          port: this.#port,
          path: "/api/v1/series",
          method: "POST",
          headers: { "content-type": "application/json" },
          timeout: 20_000,
        },
        (answer) => {
          answer.resume().on("close", () => resolve(answer.complete ? (answer.statusCode ?? 0) : 0));
        },
      );
      sent.on("timeout", () => sent.destroy());
      sent.on("error", () => resolve(0));
      sent.end(body);
    });
  }
}

function messageOf(series: number, from: number, length: number): string {
  const values = Array.from({ length }, (_, at) => [new Date(startMs + (from + at) * 1_000).toISOString(), from + at]);
  return JSON.stringify({ metric: "meter", tagset: { number: String(series) }, type: "tdouble", values });
}
