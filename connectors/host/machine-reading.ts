import { cpus, freemem, loadavg, totalmem, uptime } from "node:os";

/** What the operating system says about itself at one moment. */
export interface MachineReading {
  /** Runnable tasks on average over the last 1, 5 and 15 minutes; undefined on Windows, which has no such figure. */
  readonly load: readonly [number, number, number] | undefined;
  /** Bytes. */
  readonly memoryTotal: number;
  /** Bytes that a program could still get. */
  readonly memoryFree: number;
  /** CPU time since the machine started, ms, summed over all cores. */
  readonly cpuBusyMs: number;
  readonly cpuIdleMs: number;
  /** Seconds since the machine started. */
  readonly uptime: number;
}

export function readMachine(): MachineReading {
  let cpuBusyMs = 0;
  let cpuIdleMs = 0;
  for (const { times } of cpus()) {
    cpuBusyMs += times.user + times.nice + times.sys + times.irq;
    cpuIdleMs += times.idle;
  }
  const [one = 0, five = 0, fifteen = 0] = loadavg();
  return {
    load: process.platform === "win32" ? undefined : [one, five, fifteen],
    memoryTotal: totalmem(),
    memoryFree: freemem(),
    cpuBusyMs,
    cpuIdleMs,
    uptime: uptime(),
  };
}

/**
 * The metrics of one round, without their prefix. The utilisation is that of the time between the two readings, from 0 (idle)
 * to 1 (all cores busy); it is absent where no CPU time passed between them, and where the counters went back (a core taken
 * away, a container moved).
 */
export function metricsBetween(before: MachineReading, now: MachineReading): [metric: string, value: number][] {
  const metrics: [string, number][] = [];
  if (now.load !== undefined) {
    metrics.push(["load.1m", now.load[0]], ["load.5m", now.load[1]], ["load.15m", now.load[2]]);
  }
  metrics.push(
    ["memory.used", now.memoryTotal - now.memoryFree],
    ["memory.free", now.memoryFree],
    ["memory.total", now.memoryTotal],
  );
  const busy = now.cpuBusyMs - before.cpuBusyMs;
  const idle = now.cpuIdleMs - before.cpuIdleMs;
  if (busy >= 0 && idle >= 0 && busy + idle > 0) metrics.push(["cpu.utilisation", busy / (busy + idle)]);
  metrics.push(["uptime", now.uptime]);
  return metrics;
}
