import { expect, test } from "vitest";
import { type MachineReading, metricsBetween, readMachine } from "../../../connectors/host/machine-reading.ts";

const reading: MachineReading = {
  load: [1, 2, 3],
  memoryTotal: 1_000,
  memoryFree: 250,
  cpuBusyMs: 100,
  cpuIdleMs: 900,
  uptime: 60,
};

test("the metrics of a round hold load, memory, uptime and the utilisation between two readings", () => {
  const later = { ...reading, cpuBusyMs: 175, cpuIdleMs: 1_125 };
  expect(Object.fromEntries(metricsBetween(reading, later))).toEqual({
    "load.1m": 1,
    "load.5m": 2,
    "load.15m": 3,
    "memory.used": 750,
    "memory.free": 250,
    "memory.total": 1_000,
    "cpu.utilisation": 0.25,
    uptime: 60,
  });
});

test("there is no utilisation where no CPU time passed", () => {
  expect(metricsBetween(reading, reading).map(([metric]) => metric)).not.toContain("cpu.utilisation");
});

test("there is no utilisation where the counters went back", () => {
  const fewerCores = { ...reading, cpuBusyMs: 50, cpuIdleMs: 2_000 };
  expect(metricsBetween(reading, fewerCores).map(([metric]) => metric)).not.toContain("cpu.utilisation");
});

test("there is no load where the system has no such figure", () => {
  const metrics = metricsBetween(reading, { ...reading, load: undefined }).map(([metric]) => metric);
  expect(metrics).not.toContain("load.1m");
  expect(metrics).toContain("memory.used");
});

test("the machine reads itself", () => {
  const own = readMachine();
  expect(own.memoryTotal).toBeGreaterThan(own.memoryFree);
  expect(own.cpuBusyMs + own.cpuIdleMs).toBeGreaterThan(0);
  expect(own.uptime).toBeGreaterThan(0);
});
