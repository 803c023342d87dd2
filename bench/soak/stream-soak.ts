import { systemClock } from "../../runtime/clock/system-clock.ts";
import { growthOf, heapAfterCollection } from "./heap-samples.ts";
import { type RoundBooks, streamRound } from "./stream-round.ts";

export interface SoakReport {
  /** What it did, for people. */
  readonly sentence: string;
  /** Bytes behind a forced collection, over time. */
  readonly heap: readonly number[];
  /** Sentences; empty where all held. */
  readonly faults: readonly string[];
}

/** Rounds at once. */
const lanes = 4;
/** A round that takes longer stands still. */
const roundMs = 60_000;
/** In the report; what follows repeats. */
const faultsMax = 20;
/**
 * A stream that is kept alive holds 20 KB and more (its stages, rings and actor), and 10 minutes have some thousands of rounds: a leak
 * of one stream in ten rounds is several times this. Code that is compiled late, and the samples themselves, are below 1 MB.
 */
const growthMax = 3 * 2 ** 20;

/** Runs rounds until the time is over, each with a seed of its own. */
export async function streamSoak(durationMs: number, seed: number): Promise<SoakReport> {
  const until = systemClock.monotonic() + durationMs;
  const total = { rounds: 0, offered: 0, out: 0, dropped: 0, failed: 0, lost: 0, restarts: 0, killed: 0 };
  const faults: string[] = [];
  const heap: number[] = [];
  const sampleMs = Math.max(500, durationMs / 60);
  let nextSample = systemClock.monotonic();
  while (systemClock.monotonic() < until && faults.length < faultsMax) {
    const seeds = Array.from({ length: lanes }, (_, lane) => seed * 1_000_003 + total.rounds + lane);
    for (const [lane, books] of (await Promise.all(seeds.map(timely))).entries()) {
      total.rounds += 1;
      faults.push(...books.faults.map((fault) => `Round with seed ${seeds[lane]}: ${fault}`));
      for (const key of ["offered", "out", "dropped", "failed", "lost", "restarts"] as const) total[key] += books[key];
      if (books.killed) total.killed += 1;
    }
    // Between rounds, when no stream runs.
    if (systemClock.monotonic() < nextSample) continue;
    heap.push(heapAfterCollection());
    nextSample = systemClock.monotonic() + sampleMs;
  }
  const { bytes, flat } = growthOf(heap, growthMax);
  if (!flat) faults.push(`The heap grew by ${bytes} bytes from the second third to the last`);
  if (total.restarts === 0 || total.killed === 0) faults.push("Nothing failed: the run was too short to show anything");
  const sentence =
    `${total.rounds} rounds: ${total.offered} elements in = ${total.out} out + ${total.dropped} dropped by deciders + ` +
    `${total.failed} failed + ${total.lost} lost with a flow that failed or was switched off; ` +
    `${total.restarts} restarts, ${total.killed} rounds switched off`;
  return { sentence, heap, faults: faults.slice(0, faultsMax) };
}

async function timely(seed: number): Promise<RoundBooks> {
  const { promise: late, stop } = after(roundMs);
  const books = await Promise.race([streamRound(seed), late]);
  stop();
  return books ?? { ...nothing, faults: [`it stands still after ${roundMs} ms`] };
}

const nothing: RoundBooks = {
  offered: 0,
  out: 0,
  dropped: 0,
  failed: 0,
  lost: 0,
  restarts: 0,
  killed: false,
  faults: [],
};

function after(delayMs: number): { readonly promise: Promise<undefined>; stop(): void } {
  let stop = () => {};
  const promise = new Promise<undefined>((resolve) => {
    const timer = systemClock.after(delayMs, () => resolve(undefined));
    stop = () => timer.cancel();
  });
  return { promise, stop };
}
