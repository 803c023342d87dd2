import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { request } from "node:http";
import { dirname } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Receipt } from "../../runtime/receipt.ts";
import { Engine } from "../../graphs/engine.ts";
import { type Hub, startHub } from "../../hub/server.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { chunkOf, planOf, World } from "../graphs/test-graph.ts";
import { freePort } from "../millrace-process.ts";

const plant = (hub: string, stores = "  main: { type: memory }") => `name: plant
stores:
${stores}
sources:
  meters: { type: test/push }
buffers:
  raw: { type: memory, from: meters }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 1h], grouper: { size: 1000, duration: 1 hour } }
${hub}`;

async function start(graph: string): Promise<{ engine: Engine; hub: Hub; world: World }> {
  const world = new World();
  const { plan } = await planOf(graph, world.catalogue);
  const { catalogue } = world;
  const deadLetters = async () => Sink.ignore();
  const engine = await Engine.start(plan, { catalogue, clock: systemClock, deadLetters });
  onTestFinished(() => engine.abort());
  const hub = await startHub(engine, catalogue);
  onTestFinished(() => hub.close());
  return { engine, hub, world };
}

async function ask(socketPath: string, path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) }));
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("a hub says that it lives, that it is ready, and how the engine is", async () => {
  const { hub } = await start(plant(""));
  expect(hub.url).toBe(undefined);
  expect(await ask(hub.socket, "/live")).toEqual({ status: 200, body: { status: "ok" } });
  expect(await ask(hub.socket, "/ready")).toEqual({ status: 200, body: { status: "ok", graph: "plant" } });
  const { status, body } = await ask(hub.socket, "/api/v1/status");
  expect(status).toBe(200);
  expect(body).toMatchObject({
    series: 0,
    buffers: [{ name: "raw", records: 0, rows: 0, full: false }],
    segments: [
      { name: "rollups", partition: 0, restarts: 0 },
      { name: "meters", partition: 0, restarts: 0 },
    ],
    sources: [{ name: "meters", entered: 0 }],
  });
});

test("a query sees what was handed in before it, however long blocks would hold it", async () => {
  const { engine, hub, world } = await start(plant(""));
  await expect.poll(() => world.pushes.has("meters")).toBe(true);
  world.pushes.get("meters")?.(chunkOf(engine, "a", [1, 2, 4], new Receipt(3, () => {}, assert.fail)));
  const { status, body } = await ask(hub.socket, "/api/v1/query?selector=a&every=1m&value=count,max");
  expect(status).toBe(200);
  expect(JSON.stringify(body)).toContain("3,4");
  const audit = await ask(hub.socket, "/api/v1/audit");
  expect(audit.body).toMatchObject({
    pages: [
      { place: "raw[0] -> rollups", entered: 3, durable: 3, balanced: true },
      { place: "meters", entered: 3, durable: 3, balanced: true },
    ],
  });
});

test.each([
  ["", "SELECTOR_INVALID"],
  ["selector=a{b", "SELECTOR_INVALID"],
  ["selector=a&from=yesterday", "TIMESTAMP_INVALID"],
  ["selector=a&limit=0", "SETTING_INVALID"],
  ["selector=a&limit=1.5", "SETTING_INVALID"],
  ["selector=a&every=7x", "SETTING_INVALID"],
  ["selector=a&store=other", "USAGE_INVALID"],
  ["selector=a&selector=b", "USAGE_INVALID"],
])("a query with a fault is a 400 with its code and one sentence: %s", async (search, code) => {
  const { hub } = await start(plant(""));
  const { status, body } = await ask(hub.socket, `/api/v1/query?${search}`);
  expect(status).toBe(400);
  expect(body).toEqual({ status: "error", code, msg: expect.stringMatching(/^Cannot /) });
});

test("a query of a graph with several stores has to name one", async () => {
  const { hub } = await start(plant("", "  main: { type: memory }\n  other: { type: memory }"));
  expect((await ask(hub.socket, "/api/v1/query?selector=a")).status).toBe(400);
  expect((await ask(hub.socket, "/api/v1/query?selector=a&store=main")).status).toBe(200);
});

test("the private socket is in a folder that only its user can enter", async () => {
  const { hub } = await start(plant(""));
  expect(statSync(dirname(hub.socket)).mode & 0o777).toBe(0o700);
  await hub.close();
  expect(existsSync(dirname(hub.socket))).toBe(false);
});

test("a hub of the file answers over TCP", async () => {
  const port = await freePort();
  const { hub } = await start(plant(`hub: { port: ${port} }`));
  expect(hub.url).toBe(`http://127.0.0.1:${port}`);
  const response = await fetch(`${hub.url}/live`);
  expect(await response.json()).toEqual({ status: "ok" });
});

test.each(["0.0.0.0", "::", "192.168.1.2", "example.org"])(
  "the host %s is refused, being beyond this machine",
  async (host) => {
    await expect(start(plant(`hub: { host: "${host}", port: 0 }`))).rejects.toMatchObject({
      code: "SETTING_INVALID",
      message: `Cannot open the hub as its host must be of this machine: it is "${host}"`,
    });
  },
);

test("a port that is taken is one sentence", async () => {
  const port = await freePort();
  await start(plant(`hub: { port: ${port} }`));
  await expect(start(plant(`hub: { port: ${port} }`))).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
    message: `Cannot open the hub as another process listens on 127.0.0.1:${port}`,
  });
});

test("an address that this machine does not have is a fault of the world, not a bug", async () => {
  const { hub: _, ...first } = await start(plant(""));
  assert.ok(first.engine);
  await expect(start(plant(`hub: { host: "127.999.0.1", port: 0 }`))).rejects.toMatchObject({
    code: "CONNECTION_FAILED",
    message: expect.stringMatching(/^Cannot open the hub on 127\.999\.0\.1:0: /),
  });
});
