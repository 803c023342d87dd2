import { readFileSync } from "node:fs";
import { systemClock } from "../runtime/clock/system-clock.ts";
import type { Checksum } from "./checksum.ts";
import type { Latency, Participant, WorkloadSize } from "./workload.ts";

/** One timed run of one participant. */
export interface Sample {
  readonly elements: number;
  /** Without what the main thread waited for a processor, where the run says so and the system tells. */
  readonly milliseconds: number;
  readonly checksum: Checksum;
  /** Largest resident set of the process so far, input and warm-ups included, MB (2^20 bytes). */
  readonly rssMb: number;
  /** The part of it that was the process's own, in the timed run. */
  readonly anonymousMb?: number;
  readonly latency?: Latency;
}

/** Runs warm-ups and times one run more; before each, garbage is collected where the process allows it. */
export async function measure(participant: Participant, size: WorkloadSize, warmUps = 2): Promise<Sample> {
  const opened = await participant.open(size);
  for (let warmUp = 0; warmUp < warmUps; warmUp += 1) {
    const prepared = await opened.prepare();
    globalThis.gc?.();
    await prepared.run();
    await prepared.finish();
  }
  const prepared = await opened.prepare();
  globalThis.gc?.();
  // Read inside what the clock covers, so that never more is taken out than was counted.
  const from = systemClock.monotonic();
  const queuedBefore = queuedMs();
  await prepared.run();
  const queued = queuedMs() - queuedBefore;
  const wallMs = systemClock.monotonic() - from;
  const milliseconds = prepared.oneThread === true ? wallMs - queued : wallMs;
  // Linux counts it in KB.
  const rssMb = process.resourceUsage().maxRSS / 1_024;
  const anonymousMb = prepared.anonymousMb?.();
  const sample = { elements: prepared.elements, milliseconds, checksum: await prepared.finish(), rssMb };
  const latency = prepared.latency?.();
  return { ...sample, ...(latency !== undefined && { latency }), ...(anonymousMb !== undefined && { anonymousMb }) };
}

/** How long the main thread was ready to run while others had the processors; 0 where the system does not tell. */
function queuedMs(): number {
  try {
    // Nanoseconds on a processor, nanoseconds in the queue for one, turns (Linux, Documentation/scheduler/sched-stats).
    const [, queued] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(queued) / 1e6;
  } catch {
    return 0;
  }
}
