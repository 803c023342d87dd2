import assert from "node:assert/strict";
import { expect, onTestFinished, test } from "vitest";
import { AggregationChunk } from "../../blocks/model/aggregation.ts";
import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { AnyDerivator } from "../../blocks/model/derivator.ts";
import type { StateRows } from "../../blocks/model/store.ts";
import { pluginComponent } from "../../cli/plugin-component.ts";
import { Engine } from "../../graphs/engine.ts";
import { answer } from "../../hub/engine-queries.ts";
import { readQuery } from "../../hub/query-parameters.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { threadArguments } from "../runtime/workers/thread-arguments.ts";
import { planOf, World } from "./test-graph.ts";
import * as plugin from "./heavy-derivators.ts";

const module = new URL("./heavy-derivators.ts", import.meta.url).href;

interface Run {
  readonly world: World;
  readonly letters: readonly unknown[];
  /** By period, of both series. */
  readonly states: Readonly<Record<string, readonly StateRows[]>>;
  ask(query: { every: string; value: string }): Promise<readonly unknown[]>;
}

/** 400 data points, a second apart and in turn of two series, with the value of their number, in batches of 100. */
async function run(derivators: string, { heavy = true, deadline = "30 seconds" } = {}): Promise<Run> {
  const world = new World();
  for (const [exportName, value] of Object.entries(plugin)) {
    const component = pluginComponent(value, { plugin: "./heavy.js", module, exportName }) as AnyDerivator;
    world.catalogue.add({ ...component, heavy });
  }
  const { plan, diagnostics } = await planOf(
    `name: heavy
workers: { threads: 2, deadline: ${deadline} }
stores:
  main: { type: test/flaky }
sources:
  rows: { type: test/rows, rows: 400, chunk: 50, metric: [a, b] }
buffers:
  raw: { type: memory, from: rows }
blocks:
  rollups: { type: processor, from: raw, store: main, aggregators: [1m, 5m], derivators: ${derivators}, grouper: { size: 100 } }
sinks:
  out: { type: test/collect, from: rollups.aggregations }
`,
    world.catalogue,
  );
  assert.deepEqual(diagnostics, []);
  const letters: unknown[] = [];
  const engine = await Engine.start(plan, {
    catalogue: world.catalogue,
    clock: systemClock,
    workers: { execArgv: threadArguments },
    deadLetters: async () =>
      Sink.foreach((element) => {
        if (element instanceof DeadLetterChunk) letters.push(...element.letters.map(({ at: _, ...letter }) => letter));
        element.receipt.release();
      }),
  });
  onTestFinished(() => engine.abort());
  await engine.untilIdle();
  expect(engine.books().map(({ balanced }) => balanced)).not.toContain(false);
  const { kept } = world.store();
  const series = await kept.find({ tags: new Map() });
  const ranges = series.map((one) => ({ series: one, from: 0, to: 1e9 }));
  const states = { "1m": await kept.readStates("1m", ranges), "5m": await kept.readStates("5m", ranges) };
  return {
    world,
    letters,
    states,
    ask: async ({ every, value }) => {
      const request = readQuery({ selector: "a", every, value });
      const { derivators } = world.catalogue;
      const context = { graph: plan.graph, buckets: engine.buckets, derivators, clock: systemClock };
      return (await answer(context, "main", kept, request)).rows.map((row) => row.slice(2));
    },
  };
}

/** The last value of each bucket: how often one is published goes by how many data points were at hand. */
function published({ world }: Run, derivator: string): Map<string, unknown> {
  const values = new Map<string, unknown>();
  for (const element of world.delivered) {
    if (!(element instanceof AggregationChunk)) continue;
    for (const { series, period, bucket, value, ...one } of element.aggregations) {
      if (one.derivator === derivator) values.set(`${series.canonical} ${period} ${bucket}`, value);
    }
  }
  return values;
}

test("a heavy derivator leaves the table, and publishes the values, of one that runs in place", async () => {
  const derivators = "[median, { type: quantile, q: 0.9, as: p90 }]";
  const pooled = await run(derivators);
  const inPlace = await run(derivators, { heavy: false });
  expect(pooled.states).toEqual(inPlace.states);
  expect(pooled.states["5m"]?.[0]?.start.length).toBe(2);
  expect(published(pooled, "median")).toEqual(published(inPlace, "median"));
  expect(published(pooled, "p90").size).toBeGreaterThan(10);
  expect(await pooled.ask({ every: "5m", value: "count,median,p90" })).toEqual([
    [150, 148, 268],
    [50, 348, 388],
  ]);
  // A period that is not stored is merged from one that is.
  expect(await pooled.ask({ every: "10m", value: "median" })).toEqual([[198]]);
  expect([...pooled.letters, ...inPlace.letters]).toEqual([]);
});

test.each([
  ["crashing", "of a bucket: worker exited with code: 3"],
  ["throwing", "of a bucket: 130 is too much"],
  ["endless", "a step (`deadline` of `workers`) must have ended within 700 ms"],
])("a heavy derivator that is %s costs the values of that bucket, and of those that hold it", async (name, reason) => {
  // 130 seconds from the start, in the second minute of series a.
  const broken = await run(`[median, ${name}]`, { deadline: "700 ms" });
  expect(broken.letters).toEqual(
    [
      {
        node: "rollups/message",
        code: "DERIVATOR_FAILED",
        reason: expect.stringContaining(
          `Cannot compute "${name}" (export "${name}" of the plugin "./heavy.js") of a bucket`,
        ),
        where: {},
        payload: {
          derivator: name,
          plugin: "./heavy.js",
          export: name,
          series: "a",
          type: "tdouble",
          period: "1m",
          bucket: "1970-01-01T00:02:00.000Z",
          buckets: 1,
        },
        at: undefined,
      },
    ].map(({ at: _, ...letter }) => letter),
  );
  expect(JSON.stringify(broken.letters)).toContain(reason);
  expect(await broken.ask({ every: "1m", value: `count,median,${name}` })).toEqual([
    [30, 28, 0],
    [30, 88, 60],
    [30, 148, null],
    [30, 208, 180],
    [30, 268, 240],
    [30, 328, 300],
    [20, 378, 360],
  ]);
  expect(await broken.ask({ every: "5m", value: `count,median,${name}` })).toEqual([
    [150, 148, null],
    [50, 348, 300],
  ]);
});

test("what fails while coarser buckets are computed costs those, and is told by the block that computes them", async () => {
  const broken = await run("[median, unmerging]");
  expect(broken.letters.length).toBeGreaterThan(0);
  expect(broken.letters[0]).toMatchObject({ node: "rollups/aggregation", code: "DERIVATOR_FAILED" });
  expect(JSON.stringify(broken.letters)).toContain("it cannot be joined");
  expect(await broken.ask({ every: "1m", value: "unmerging" })).toHaveLength(7);
  expect(await broken.ask({ every: "5m", value: "median,unmerging" })).toEqual([
    [148, null],
    [348, null],
  ]);
});

test("a derivator that throws in place costs no more than one in a thread", async () => {
  const inPlace = await run("[median, throwing, unmerging]", { heavy: false });
  expect(await inPlace.ask({ every: "1m", value: "median,throwing,unmerging" })).toEqual([
    [28, 0, 0],
    [88, 60, 60],
    [148, null, 120],
    [208, 180, 180],
    [268, 240, 240],
    [328, 300, 300],
    [378, 360, 360],
  ]);
  expect(await inPlace.ask({ every: "5m", value: "median,throwing,unmerging" })).toEqual([
    [148, null, null],
    [348, 300, null],
  ]);
});
