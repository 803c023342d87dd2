import assert from "node:assert/strict";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { defineSink, type SinkElement } from "../../blocks/model/component.ts";
import { record } from "../../config/declare.ts";
import { Engine } from "../../graphs/engine.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { settleAtRest } from "../../blocks/model/element-lines.ts";
import { freePort, temporaryFolder } from "../millrace-process.ts";
import { planOf, World } from "./test-graph.ts";

/** A graph that takes messages over HTTP into a buffer of two rows, and a sink that keeps what it gets until told. */
async function start(buffer: string) {
  const port = await freePort();
  const { catalogue } = new World();
  const held: SinkElement[] = [];
  catalogue.add(
    defineSink({
      type: "test/hold",
      summary: "Holds what it gets.",
      accepts: ["observations"],
      settings: record({}),
      open: async () =>
        Sink.foreach<SinkElement>((element) => {
          held.push(element);
        }),
    }),
  );
  const { plan, diagnostics } = await planOf(
    `sources:
  meters: { type: flow/http/json, port: ${port}, response_timeout: 1 minute }
buffers:
  raw: { ${buffer}, from: meters, max_rows: 2 }
sinks:
  out: { type: test/hold, from: raw }
`,
    catalogue,
  );
  assert.deepEqual(diagnostics, []);
  const letters = Sink.foreach<SinkElement>(({ receipt }) => receipt.release());
  const engine = await Engine.start(plan, { catalogue, clock: systemClock, deadLetters: async () => letters });
  onTestFinished(() => engine.abort());
  const post = (time: string, ...metrics: readonly string[]) => {
    const [first = "a", ...others] = metrics;
    const messages = [first, ...others].map((metric) => ({ metric, tagset: {}, type: "tdouble", values: [[time, 1]] }));
    return fetch(`http://127.0.0.1:${port}/api/v1/series`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(messages),
    });
  };
  return { engine, held, post };
}

test.each([
  ["memory", () => "type: memory"],
  ["disk", () => `type: disk, path: "${join(temporaryFolder(), "buffer")}"`],
])(
  "while a %s buffer is full, senders are told at once to come back, and are accepted when there is room",
  async (_, buffer) => {
    const { engine, held, post } = await start(buffer());
    for (const second of [1, 2]) expect((await post(`2020-01-01T00:00:0${second}`)).status).toBe(200);
    expect(engine.status().buffers[0]).toMatchObject({ rows: 2, full: true });

    const from = performance.now();
    const refused = await post("2020-01-01T00:00:03");
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("1");
    expect(await refused.json()).toMatchObject({ status: "error", msg: expect.stringMatching(/^Cannot .*again/) });
    // Long before the time that a sender waits for its data to be at rest.
    expect(performance.now() - from).toBeLessThan(30_000);

    await expect.poll(() => held.length).toBe(2);
    for (const element of held.splice(0)) settleAtRest(element);
    await expect.poll(() => engine.status().buffers[0]?.full).toBe(false);
    expect((await post("2020-01-01T00:00:03")).status).toBe(200);
    await expect.poll(() => held.length).toBe(1);
    for (const element of held.splice(0)) settleAtRest(element);
    await expect
      .poll(() => engine.books().find(({ place }) => place === "raw[0] -> out"))
      .toMatchObject({
        entered: 3,
        durable: 3,
        inFlight: 0,
        balanced: true,
      });
  },
);

test("a sender is told that a full buffer has no place for a new series, and goes on with a known one", async () => {
  const { post } = await start(`type: disk, path: "${join(temporaryFolder(), "buffer")}", series_max: 1`);
  expect((await post("2020-01-01T00:00:01")).status).toBe(200);
  const refused = await post("2020-01-01T00:00:02", "b");
  expect(refused.status).toBe(400);
  expect(await refused.json()).toEqual({
    status: "error",
    msg: "Cannot store 1 of the data points as no more series are held (series_max): they are dead letters",
    ...{ received: 1, rejected_count: 0, rejected: [], dead_letters: { SERIES_LIMIT: 1 } },
  });
  const refusedTwice = await post("2020-01-01T00:00:02", "b", "");
  expect(refusedTwice.status).toBe(400);
  expect(await refusedTwice.json()).toMatchObject({
    msg: "Cannot accept 1 of 2 messages, nor store 1 of the data points as no more series are held (series_max): they are dead letters",
    ...{ received: 1, rejected_count: 1, dead_letters: { SERIES_LIMIT: 1 } },
  });
  expect((await post("2020-01-01T00:00:03")).status).toBe(200);
});

test("a second engine on the folder of the first is refused, and the folder is free again once that has stopped", async () => {
  const folder = join(temporaryFolder(), "store");
  const catalogue = new World().catalogue;
  const { plan } = await planOf(
    `stores:
  main: { type: embedded, path: "${folder}" }
sources:
  meters: { type: test/push }
blocks:
  rollups: { type: processor, from: meters, store: main, aggregators: [1m] }
`,
    catalogue,
  );
  const options = { catalogue, clock: systemClock, deadLetters: async () => Sink.ignore() };
  const first = await Engine.start(plan, options);
  await assert.rejects(Engine.start(plan, options), { code: "FOLDER_IN_USE", where: { node: "main" } });
  await first.stop();
  const second = await Engine.start(plan, options);
  await second.stop();
});
