import { expect, test } from "vitest";
import { randomSource } from "../../../connectors/random/source.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { pass, runSource, testContext } from "../source-run.ts";

const given = { metric: ["a", "b", "c"], interval: "1 second", tagset: { quality: "good" } };

test("a random number comes at once, and then one each interval", async () => {
  const run = await runSource(randomSource, given, testContext(virtualClock()));
  const { clock } = run.context;
  await pass(clock, 0);
  expect(run.rows).toHaveLength(1);
  await pass(clock, 999);
  expect(run.rows).toHaveLength(1);
  await pass(clock, 1);
  expect(run.rows.map(([, type, time]) => [type, time])).toEqual([
    ["tdouble", "1970-01-01T00:00:00.000Z"],
    ["tdouble", "1970-01-01T00:00:01.000Z"],
  ]);
  run.stop();
  await clock.settle();
  await run.done;
  expect(clock.pendingTimers).toBe(0);
});

test("numbers lie in [0, 1), every metric is picked, and each row has the tagset", async () => {
  const run = await runSource(randomSource, { ...given, count: 100 }, testContext(virtualClock()));
  for (let round = 0; round < 100; round++) {
    await pass(run.context.clock, 1_000);
  }
  await run.done;
  expect(run.rows).toHaveLength(100);
  expect(new Set(run.rows.map(([series]) => series))).toEqual(
    new Set(['a{quality="good"}', 'b{quality="good"}', 'c{quality="good"}']),
  );
  for (const [, , , value] of run.rows) {
    expect(value).toBeGreaterThanOrEqual(0);
    expect(value).toBeLessThan(1);
  }
});

test("it ends by itself after count rows", async () => {
  const run = await runSource(randomSource, { ...given, count: 1 }, testContext(virtualClock()));
  await pass(run.context.clock, 0);
  await run.done;
  expect(run.rows).toHaveLength(1);
});

test("the same seed gives the same rows, another one others", async () => {
  const rowsFor = async (seed: number) => {
    const run = await runSource(randomSource, { ...given, count: 3 }, testContext(virtualClock(0, seed)));
    for (let round = 0; round < 3; round++) {
      await pass(run.context.clock, 1_000);
    }
    await run.done;
    return run.rows;
  };
  expect(await rowsFor(1)).toEqual(await rowsFor(1));
  expect(await rowsFor(1)).not.toEqual(await rowsFor(2));
});

test("each row has a receipt, and one that fails fails the stream at the next round", async () => {
  const run = await runSource(randomSource, given, testContext(virtualClock()));
  await pass(run.context.clock, 0);
  const receipt = run.elements[0]?.receipt;
  expect(receipt?.tally.entered).toBe(1);
  receipt?.fail(new Error("the store is gone"));
  const ended = expect(run.done).rejects.toThrow("the store is gone");
  await pass(run.context.clock, 1_000);
  await ended;
});

test("at least one metric is needed", () => {
  expect(randomSource.settings.safeParse({ metric: [] }).success).toBe(false);
  expect(randomSource.settings.parse({ metric: ["a"] })).toMatchObject({ interval: 60_000, max_ttr: 15_000 });
});
