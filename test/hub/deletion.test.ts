import assert from "node:assert/strict";
import { request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { Engine } from "../../graphs/engine.ts";
import { type Hub, startHub } from "../../hub/server.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { chunkOf, planOf, World } from "../graphs/test-graph.ts";
import { freePort } from "../millrace-process.ts";

const plant = (port: number) => `name: plant
stores:
  main: { type: memory }
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters, partitions: 2 }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 1h], grouper: { size: 1000, duration: 1 hour } }
hub: { port: ${port} }`;

async function start(): Promise<{ engine: Engine; hub: Hub; push: (metric: string, values: number[]) => void }> {
  const world = new World();
  const { catalogue } = world;
  const { plan } = await planOf(plant(await freePort()), catalogue);
  const engine = await Engine.start(plan, { catalogue, clock: systemClock, deadLetters: async () => Sink.ignore() });
  onTestFinished(() => engine.abort());
  const hub = await startHub(engine, catalogue);
  onTestFinished(() => hub.close());
  await expect.poll(() => world.pushes.has("meters")).toBe(true);
  const push = (metric: string, values: number[]) =>
    world.pushes.get("meters")?.(chunkOf(engine, metric, values, new Receipt(values.length, () => {}, assert.fail)));
  return { engine, hub, push };
}

function ask(
  socketPath: string,
  method: string,
  path: string,
): Promise<{ status: number; rows: unknown; body: unknown }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        const body = JSON.parse(text) as { rows?: unknown };
        resolve({ status: response.statusCode ?? 0, rows: body.rows, body });
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}

const hours = (hub: Hub, metric: string) =>
  ask(hub.socket, "GET", `/api/v1/query?selector=${metric}&every=1h&value=count,sum,last`);

test("a running engine deletes what was handed in before, goes on with what comes, and rolls up what is left", async () => {
  const { engine, hub, push } = await start();
  push("a", [1, 2, 4, 8]);
  push("b", [16]);
  const deleted = await ask(hub.socket, "POST", "/api/v1/delete?selector=a&from=1970-01-01T00:00:02");
  expect(deleted).toMatchObject({ status: 200, body: { series: [{ series: "a", type: "tdouble" }] } });
  expect((await hours(hub, "a")).rows).toEqual([["a", 0, 2, 3, 2]]);
  expect((await hours(hub, "b")).rows).toEqual([["b", 0, 1, 16, 16]]);
  // The same points again, as a sender that repeats would hand them in: they are stored again.
  push("a", [1, 2, 4, 8]);
  expect((await hours(hub, "a")).rows).toEqual([["a", 0, 4, 15, 8]]);
  expect(engine.status().segments.every(({ restarts }) => restarts === 0)).toBe(true);
  expect(engine.books().every(({ balanced }) => balanced)).toBe(true);
});

test("single points and whole series are deleted too, and a series is found no more", async () => {
  const { hub, push } = await start();
  push("a", [1, 2, 4, 8]);
  await ask(hub.socket, "POST", "/api/v1/delete?selector=a&at=1970-01-01T00:00:01,1970-01-01T00:00:03");
  expect((await hours(hub, "a")).rows).toEqual([["a", 0, 2, 5, 4]]);
  const both = await Promise.all([
    ask(hub.socket, "POST", "/api/v1/delete?selector=a"),
    ask(hub.socket, "POST", "/api/v1/delete?selector=nothing"),
  ]);
  expect(both.map(({ status }) => status)).toEqual([200, 200]);
  expect((await hours(hub, "a")).rows).toEqual([]);
});

test("a deletion with a fault is a 400, and nobody deletes, backfills or replays over TCP", async () => {
  const { hub } = await start();
  const { status, body } = await ask(hub.socket, "POST", "/api/v1/delete?selector=a&at=1970-01-01&to=1971-01-01");
  expect([status, body]).toEqual([400, expect.objectContaining({ code: "USAGE_INVALID" })]);
  for (const path of ["delete?selector=a", "backfill", "replay"]) {
    const overTcp = await fetch(`${hub.url}/api/v1/${path}`, { method: "POST" });
    expect(overTcp.status, path).toBe(404);
  }
});
