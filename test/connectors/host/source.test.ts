import { hostname } from "node:os";
import { expect, test } from "vitest";
import { hostSource } from "../../../connectors/host/source.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { pass, runSource, testContext } from "../source-run.ts";

test("each round is one chunk of this machine's load, stamped with its time", async () => {
  const run = await runSource(hostSource, { interval: "2 seconds" }, testContext(virtualClock()));
  await pass(run.context.clock, 0);
  await pass(run.context.clock, 2_000);
  expect(run.elements).toHaveLength(2);
  const second = run.rows.filter(([, , time]) => time === "1970-01-01T00:00:02.000Z");
  const metrics = second.map(([series]) => series.replace(/\{.*/, ""));
  expect(metrics).toEqual(
    expect.arrayContaining(["host.memory.used", "host.memory.free", "host.memory.total", "host.uptime"]),
  );
  expect(second[0]?.[0]).toContain(`host="${hostname()}"`);
  run.stop();
  await run.context.clock.settle();
  await run.done;
});

test("prefix and tags are those of the settings", async () => {
  const run = await runSource(
    hostSource,
    { metric_prefix: "plant.gateway", tagset: { site: "north" } },
    testContext(virtualClock()),
  );
  await pass(run.context.clock, 0);
  expect(run.rows.map(([series]) => series)).toContain('plant.gateway.uptime{site="north"}');
  run.stop();
  await run.context.clock.settle();
  await run.done;
});

test("a receipt covers the rows of its round, and one that fails fails the stream at the next", async () => {
  const run = await runSource(hostSource, {}, testContext(virtualClock()));
  await pass(run.context.clock, 0);
  const receipt = run.elements[0]?.receipt;
  expect(receipt?.tally.entered).toBe(run.rows.length);
  receipt?.fail(new Error("the store is gone"));
  const ended = expect(run.done).rejects.toThrow("the store is gone");
  await pass(run.context.clock, 1_000);
  await ended;
});
