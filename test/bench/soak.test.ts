import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { CountingClock } from "../../bench/soak/counting-clock.ts";
import { growthOf } from "../../bench/soak/heap-samples.ts";
import { streamRound } from "../../bench/soak/stream-round.ts";
import { root } from "../millrace-process.ts";

const run = promisify(execFile);

test("a short soak of streams and of a graph ends with balanced books and nothing left", async () => {
  const command = ["--import", "tsx", "bench/soak/main.ts", "--minutes", "0.4"];
  // With exit code 1 it rejects, and what it printed says why.
  const { stdout } = await run("node", command, { cwd: root }).catch((failed: { stdout: string }) => failed);
  expect(stdout).toMatch(/^streams: \d+ rounds: [1-9]\d* elements in = [1-9]\d* out/m);
  expect(stdout).toMatch(/^graph: [1-9]\d* points confirmed and stored; [1-9]\d* times killed/m);
  expect(stdout).not.toContain("FAULT");
}, 600_000);

test.each(Array.from({ length: 12 }, (_, index) => index + 1))("round %i of streams balances", async (seed) => {
  expect((await streamRound(seed)).faults).toEqual([]);
});

test("memory is flat up to the bound and a tenth, and not beyond, whatever the first third was", () => {
  const samples = (last: number) => [9_000, 1, 5_000, 1_000, 1_000, 1_000, last, last, last];
  expect(growthOf(samples(1_150), 50).flat).toBe(true);
  expect(growthOf(samples(1_151), 50).flat).toBe(false);
  expect(growthOf([1_000, 1_000], 50).flat).toBe(false);
});

test("a clock that counts knows the timers that are set, fired and called off", async () => {
  const clock = new CountingClock(1);
  const timer = clock.after(60_000, () => {});
  await new Promise<void>((resolve) => void clock.after(0, resolve));
  expect(clock.pendingTimers).toBe(1);
  timer.cancel();
  timer.cancel();
  expect(clock.pendingTimers).toBe(0);
});
