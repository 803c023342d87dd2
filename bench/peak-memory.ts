import { readFileSync } from "node:fs";

/**
 * The most memory that is the process's own: what it allocated, without the pages of files that it maps, which the system takes
 * back when it likes. Linux tells it; the peak is that of the samples.
 */
export class PeakMemory {
  #mb = 0;

  sample(): void {
    this.#mb = Math.max(this.#mb, anonymousMb());
  }

  get mb(): number {
    return this.#mb;
  }
}

/** MB (2^20 bytes); NaN where the system does not tell. */
function anonymousMb(): number {
  try {
    // KB (Linux, Documentation/filesystems/proc).
    const [, kb] = /^RssAnon:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return Number(kb) / 1_024;
  } catch {
    return Number.NaN;
  }
}
