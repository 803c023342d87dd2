import { expect, onTestFinished, test } from "vitest";
import { SeriesTable } from "../../blocks/model/series.ts";
import { Engine } from "../../graphs/engine.ts";
import { startHub } from "../../hub/server.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { planOf, World } from "../graphs/test-graph.ts";

/** A hub over a store with three series in two months, and static tags of one metric. */
async function plant(): Promise<(method: string, path: string, body?: unknown) => Promise<[number, unknown]>> {
  const world = new World();
  const { plan } = await planOf("name: plant\nhub: { port: 0 }\nstores:\n  main: { type: memory }\n", world.catalogue);
  const deadLetters = async () => Sink.ignore();
  const engine = await Engine.start(plan, { catalogue: world.catalogue, clock: systemClock, deadLetters });
  onTestFinished(() => engine.abort());
  const table = new SeriesTable();
  const series = [
    table.intern("power", { quality: "good", site: "north" }, "tdouble"),
    table.intern("power", { quality: "bad" }, "tdouble"),
    table.intern("power", { quality: "bad" }, "tlong"),
    table.intern("flow", { quality: "good" }, "tlong"),
  ];
  await engine.store("main").write({
    observations: series.map((one) => ({
      series: one,
      points: { time: Float64Array.of(1), values: one.type === "tlong" ? BigInt64Array.of(1n) : Float64Array.of(1) },
    })),
    tags: series.map((one, index) => ({ series: one, shard: index < 3 ? "2026-01" : "2026-02" })),
    staticTagsets: [{ metric: "power", tagset: new Map([["unit", "W"]]) }],
  });
  const hub = await startHub(engine, world.catalogue);
  onTestFinished(() => hub.close());
  return async (method, path, body) => {
    const response = await fetch(`${hub.url}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
    const text = await response.text();
    return [response.status, text === "" ? undefined : JSON.parse(text)];
  };
}

const january = { start: "2026-01-01T00:00:00", end: "2026-02-01T00:00:00" };

test("the series that match a filter are found once each, with the types that they have", async () => {
  const ask = await plant();
  expect(await ask("POST", "/api/v1/search/ts", { filter: ["=", "unit", "W"] })).toEqual([
    200,
    [
      { metric: "power", tagset: { quality: "bad" }, types: ["tdouble", "tlong"] },
      { metric: "power", tagset: { quality: "good", site: "north" }, types: ["tdouble"] },
    ],
  ]);
  expect(await ask("POST", "/api/v1/search/ts", { metric: "power", filter: ["+", "site"], range: january })).toEqual([
    200,
    [{ metric: "power", tagset: { quality: "good", site: "north" }, types: ["tdouble"] }],
  ]);
});

test("metrics are those of the series that match, in the range of time", async () => {
  const ask = await plant();
  expect(await ask("POST", "/api/v1/search/metric")).toEqual([200, ["flow", "power"]]);
  expect(await ask("POST", "/api/v1/search/metric", { filter: ["=", "quality", "good"] })).toEqual([
    200,
    ["flow", "power"],
  ]);
  expect(await ask("POST", "/api/v1/search/metric", { range: january })).toEqual([200, ["power"]]);
  const february = { type: "absolute", start: "2026-02-01T01:00:00+01:00", end: "2026-02-01T00:00:00.001" };
  expect(await ask("POST", "/api/v1/search/metric", { range: february })).toEqual([200, ["flow"]]);
});

test("names of tags leave out those of the filter, and values are those of one tag", async () => {
  const ask = await plant();
  expect(await ask("POST", "/api/v1/search/tagnames")).toEqual([200, ["quality", "site", "unit"]]);
  const filter = ["and", ["=", "quality", "good"], ["not", ["+", "other"]]];
  expect(await ask("POST", "/api/v1/search/tagnames", { filter })).toEqual([200, ["site", "unit"]]);
  expect(await ask("POST", "/api/v1/search/tagvalues", { tagname: "quality" })).toEqual([200, ["bad", "good"]]);
  expect(await ask("POST", "/api/v1/search/tagvalues", { tagname: "unit", metric: "flow" })).toEqual([200, []]);
  expect(await ask("POST", "/api/v1/search/tagvalues", { tagname: "unit", filter: ["+", "site"] })).toEqual([
    200,
    ["W"],
  ]);
});

test("a patch changes some static tags, a put all of them, and null removes one", async () => {
  const ask = await plant();
  const path = "/api/v1/metric/power/static-tagset";
  expect(await ask("GET", path)).toEqual([200, { unit: "W" }]);
  expect(await ask("PATCH", path, { owner: "ops", room: "b1" })).toEqual([204, undefined]);
  expect(await ask("PATCH", path, { room: null, unit: "kW" })).toEqual([204, undefined]);
  expect(await ask("GET", path)).toEqual([200, { owner: "ops", unit: "kW" }]);
  expect(await ask("PUT", path, { unit: "MW" })).toEqual([204, undefined]);
  expect(await ask("GET", path)).toEqual([200, { unit: "MW" }]);
  expect(await ask("GET", `/api/v1/metric/${encodeURIComponent("a/b ".repeat(200))}/static-tagset`)).toEqual([200, {}]);
});

test("changes that come together are each made of the one before", async () => {
  const ask = await plant();
  const path = "/api/v1/metric/flow/static-tagset";
  const names = Array.from({ length: 20 }, (_, index) => `tag${index}`);
  await Promise.all(names.map((name) => ask("PATCH", path, { [name]: "x" })));
  const [, tags] = await ask("GET", path);
  expect(Object.keys(tags as object).sort()).toEqual(names.sort());
});

test("the metrics of a static tag stand by its value; where it has none the answer is empty", async () => {
  const ask = await plant();
  await ask("PATCH", "/api/v1/metric/flow/static-tagset", { unit: "m3/h" });
  await ask("PATCH", "/api/v1/metric/current/static-tagset", { unit: "W" });
  expect(await ask("GET", "/api/v1/static-tag/unit/values")).toEqual([
    200,
    { W: ["current", "power"], "m3/h": ["flow"] },
  ]);
  expect(await ask("GET", "/api/v1/static-tag/other/values")).toEqual([204, undefined]);
});

test.each([
  ["ts", { filter: ["xor"] }, "SELECTOR_INVALID"],
  ["ts", { filtre: ["all"] }, "USAGE_INVALID"],
  ["metric", { range: { start: "2026", end: "2027" } }, "TIMESTAMP_INVALID"],
  ["tagvalues", {}, "USAGE_INVALID"],
  ["tagnames", { store: "other" }, "USAGE_INVALID"],
])("a search for %s with %j is a 400 with its code", async (kind, body, code) => {
  const ask = await plant();
  const [status, answer] = await ask("POST", `/api/v1/search/${kind}`, body);
  expect([status, answer]).toEqual([400, { status: "error", code, msg: expect.stringMatching(/^Cannot /) }]);
});

test("static tags are text, and nothing is changed by a request that has others", async () => {
  const ask = await plant();
  const [status, answer] = await ask("PATCH", "/api/v1/metric/power/static-tagset", { unit: "kW", rank: 1 });
  expect([status, answer]).toMatchObject([400, { code: "USAGE_INVALID" }]);
  expect(await ask("GET", "/api/v1/metric/power/static-tagset")).toEqual([200, { unit: "W" }]);
});
