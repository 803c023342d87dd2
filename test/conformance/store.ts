import assert from "node:assert/strict";
import fc from "fast-check";
import { afterEach, beforeEach, describe, test } from "vitest";
import { newColumn, type Points } from "../../blocks/model/columns.ts";
import { type DataType, layoutOf } from "../../blocks/model/data-type.ts";
import { type Series, SeriesTable } from "../../blocks/model/series.ts";
import type { SeriesFilter, Store, StoreWrite } from "../../blocks/model/store.ts";
import { readTagCondition } from "../../blocks/model/tag-condition.ts";

export interface StoreUnderTest {
  readonly store: Store;
  /** Closes the store and opens it again; the same store where nothing survives closing. */
  reopen(): Promise<Store>;
  /** Closes it and removes what it left. */
  dispose(): Promise<void>;
}

export interface StoreConformanceOptions {
  /** Of each law; fewer where the store is far away. */
  readonly runs?: number;
}

const types = ["tdouble", "tlong", "tbool", "ttext", "tbinary", "pos2d", "plugin-type"] as const;

/** What every store has to do, over an empty one per test. */
export function storeConformance(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { runs = 25 }: StoreConformanceOptions = {},
): void {
  describe(`${name} as a store`, () => {
    let tested: StoreUnderTest;
    let table: SeriesTable;
    beforeEach(async () => {
      tested = await open();
      table = new SeriesTable();
    });
    afterEach(() => tested.dispose());

    test("an empty store has no newest observation and empty ranges", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tlong");
      assert.deepEqual([...(await store.newest([a]))], [Number.NEGATIVE_INFINITY]);
      const [points] = await store.readObservations([{ series: a, ...always }]);
      assert.deepEqual(points, { time: new Float64Array(0), values: new BigInt64Array(0) });
      const [states] = await store.readStates("1m", [{ series: a, ...always }]);
      assert.deepEqual(states, { start: new Float64Array(0) });
      assert.deepEqual(await store.find({ tags: new Map() }), []);
    });

    test("a range takes its start and leaves its end", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tdouble");
      await store.write({ observations: [{ series: a, points: pointsOf("tdouble", [-1, 0, 1, 2], 1) }] });
      const times = async (from: number, to: number) => {
        const [points] = await store.readObservations([{ series: a, from, to }]);
        return [...(points?.time ?? [])];
      };
      assert.deepEqual(await times(0, 2), [0, 1]);
      assert.deepEqual(await times(-1, 3), [-1, 0, 1, 2]);
      assert.deepEqual(await times(-0.5, 1.5), [0, 1]);
      assert.deepEqual(await times(1, 1), []);
      assert.deepEqual(await times(2, 1), []);
    });

    test("values of every type come back as they were", async () => {
      const { store } = tested;
      const given = [
        { type: "tdouble", values: Float64Array.of(-0, Number.NaN, Number.NEGATIVE_INFINITY, 5e-324) },
        { type: "tlong", values: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n) },
        { type: "tbool", values: Float64Array.of(0, 1, 1, 0) },
        { type: "ttext", values: ["", "é 🌊 \0", "\ud800 alone", '"'] },
        { type: "tbinary", values: [Uint8Array.of(), Uint8Array.of(0, 255), Uint8Array.of(1), Uint8Array.of(2)] },
        { type: "pos2d", values: [position(50.46, 4.86), position(-90, 180), position(0, 0), position(0.1, -0.2)] },
        { type: "plugin-type", values: [null, 1.5, ["x", { deep: [true] }], {}] },
      ];
      const observations = given.map(({ type, values }) => ({
        series: table.intern("m", {}, type),
        points: { time: Float64Array.of(-5, 0, 7, 1e12), values },
      }));
      await store.write({ observations });
      const ranges = observations.map(({ series }) => ({ series, ...always }));
      const read = await (await tested.reopen()).readObservations(ranges);
      assert.deepEqual(
        read,
        observations.map(({ points }) => points),
      );
    });

    test("series are told apart by canonical form and type, whatever table they come from", async () => {
      const { store } = tested;
      const asText = table.intern("m", { site: "a" }, "ttext");
      const asLong = table.intern("m", { site: "a" }, "tlong");
      await store.write({
        observations: [
          { series: asText, points: pointsOf("ttext", [1], 1) },
          { series: asLong, points: pointsOf("tlong", [2], 1) },
        ],
      });
      const other = new SeriesTable();
      other.intern("another", {}, "tlong");
      const same = other.intern("m", { site: "a" }, "tlong");
      assert.deepEqual([...(await store.newest([same, asText, other.at(0)]))], [2, 1, Number.NEGATIVE_INFINITY]);
    });

    test("one write may hold observations, states of several periods and tags", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tdouble");
      await store.write({
        observations: [{ series: a, points: pointsOf("tdouble", [1], 1) }],
        states: [
          { series: a, period: "1m", rows: { start: Float64Array.of(0, 60_000), floats: Float64Array.of(1, 2, 3, 4) } },
          { series: a, period: "1h", rows: { start: Float64Array.of(0), floats: Float64Array.of(5, 6) } },
        ],
        tags: [{ series: a, shard: "1970-01-01" }],
      });
      const [minutes] = await store.readStates("1m", [{ series: a, from: 60_000, to: 60_001 }]);
      assert.deepEqual(minutes, { start: Float64Array.of(60_000), floats: Float64Array.of(3, 4) });
      const [hours] = await store.readStates("1h", [{ series: a, ...always }]);
      assert.deepEqual(hours, { start: Float64Array.of(0), floats: Float64Array.of(5, 6) });
      assert.deepEqual(await store.readStates("1d", [{ series: a, ...always }]), [{ start: new Float64Array(0) }]);
    });

    test("a state may be bytes alone, and a bucket that is written again is replaced", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "ttext");
      const write = (starts: number[], byte: number) =>
        store.write({
          states: [
            {
              series: a,
              period: "1d",
              rows: { start: Float64Array.from(starts), bytes: starts.map((start) => Uint8Array.of(byte, start)) },
            },
          ],
        });
      await write([10, 20, 30], 1);
      await write([20], 2);
      await write([5, 30, 40], 3);
      const [states] = await store.readStates("1d", [{ series: a, ...always }]);
      assert.deepEqual(states, {
        start: Float64Array.of(5, 10, 20, 30, 40),
        bytes: [
          Uint8Array.of(3, 5),
          Uint8Array.of(1, 10),
          Uint8Array.of(2, 20),
          Uint8Array.of(3, 30),
          Uint8Array.of(3, 40),
        ],
      });
    });

    test("where states of one series differ in what they carry, what is absent reads as NaN and as no bytes", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tdouble");
      const write = (rows: NonNullable<StoreWrite["states"]>[number]["rows"]) =>
        store.write({ states: [{ series: a, period: "1m", rows }] });
      await write({ start: Float64Array.of(0, 2), floats: Float64Array.of(1, 2) });
      await write({ start: Float64Array.of(1), floats: Float64Array.of(3, 4), bytes: [Uint8Array.of(9)] });
      await write({ start: Float64Array.of(3), floats: Float64Array.of(5) });
      await write({ start: Float64Array.of(4), floats: Float64Array.of(6, 7, 8) });
      await write({ start: Float64Array.of(5), bytes: [Uint8Array.of(1)] });
      const [states] = await store.readStates("1m", [{ series: a, ...always }]);
      assert.deepEqual(states, {
        start: Float64Array.of(0, 1, 2, 3, 4, 5),
        floats: Float64Array.from(
          [
            [1, nan, nan],
            [3, 4, nan],
            [2, nan, nan],
            [5, nan, nan],
            [6, 7, 8],
            [nan, nan, nan],
          ].flat(),
        ),
        bytes: [[], [9], [], [], [], [1]].map((bytes) => Uint8Array.from(bytes)),
      });
    });

    test("find takes an exact metric and tags that must be there, of series with observations only", async () => {
      const { store } = tested;
      const north = table.intern("power", { site: "north", unit: "W" }, "tdouble");
      const south = table.intern("power", { site: "south" }, "tlong");
      const other = table.intern("flow", { site: "north" }, "tdouble");
      const untouched = table.intern("power", { site: "east" }, "tdouble");
      const empty = table.intern("power", { site: "west" }, "tdouble");
      const points = (series: Series) => ({ series, points: pointsOf(series.type, [1], 1) });
      await store.write({
        observations: [
          points(south),
          points(other),
          points(north),
          { series: empty, points: pointsOf("tdouble", [], 1) },
        ],
        tags: [{ series: untouched, shard: "1970-01-01" }],
        states: [{ series: untouched, period: "1m", rows: { start: Float64Array.of(0), floats: Float64Array.of(1) } }],
      });
      const names = async (metric: string | undefined, tags: Record<string, string>) => {
        const filter = { tags: new Map(Object.entries(tags)), ...(metric === undefined ? {} : { metric }) };
        return (await (await tested.reopen()).find(filter)).map(({ canonical, type }) => `${canonical} ${type}`);
      };
      assert.deepEqual(await names(undefined, {}), [
        'flow{site="north"} tdouble',
        'power{site="north",unit="W"} tdouble',
        'power{site="south"} tlong',
      ]);
      assert.deepEqual(await names("power", { site: "north" }), ['power{site="north",unit="W"} tdouble']);
      assert.deepEqual(await names("power", { site: "nor" }), []);
      assert.deepEqual(await names("pow", {}), []);
    });

    test("an observation that follows states and tags makes the series findable", async () => {
      const { store } = tested;
      const a = table.intern("a", { k: "v" }, "tdouble");
      await store.write({ tags: [{ series: a, shard: "1970-01-01" }] });
      assert.equal((await store.find({ tags: new Map() })).length, 0);
      await store.write({ observations: [{ series: a, points: pointsOf("tdouble", [1], 1) }] });
      const [found] = await (await tested.reopen()).find({ metric: "a", tags: new Map() });
      assert.deepEqual([found?.metric, found?.tagset, found?.type, found?.hash], [a.metric, a.tagset, a.type, a.hash]);
    });

    test("find evaluates a condition on the tags of data points and of metrics together", async () => {
      const { store } = tested;
      await observe(store, [
        table.intern("power", { quality: "good", site: "north" }, "tdouble"),
        table.intern("power", { quality: "bad" }, "tdouble"),
        table.intern("flow", { quality: "good", unit: "l/s" }, "tlong"),
        table.intern("level", {}, "ttext"),
      ]);
      await store.write({
        staticTagsets: [
          { metric: "power", tagset: new Map(Object.entries({ unit: "W", owner: "ann" })) },
          { metric: "flow", tagset: new Map([["unit", "m3/h"]]) },
          { metric: "unseen", tagset: new Map([["unit", "W"]]) },
        ],
      });
      const reopened = await tested.reopen();
      const names = async (condition: unknown, rest: Partial<SeriesFilter> = {}) =>
        canonicals(await reopened.find({ tags: new Map(), where: readTagCondition(condition), ...rest }));
      const [good, bad] = ['power{quality="good",site="north"}', 'power{quality="bad"}'];
      const flow = 'flow{quality="good",unit="l/s"}';
      assert.deepEqual(await names(["all"]), [flow, "level", bad, good]);
      assert.deepEqual(await names(["=", "quality", "good"]), [flow, good]);
      assert.deepEqual(await names(["=", "unit", "W"]), [bad, good]);
      // Either tagset counts where both have the key.
      assert.deepEqual(await names(["=", "unit", "m3/h"]), [flow]);
      assert.deepEqual(await names(["=", "unit", "l/s"]), [flow]);
      assert.deepEqual(await names(["=", "quality", "goo"]), []);
      assert.deepEqual(await names(["+", "unit"]), [flow, bad, good]);
      assert.deepEqual(await names(["not", ["+", "unit"]]), ["level"]);
      assert.deepEqual(await names(["not", ["not", ["+", "site"]]]), [good]);
      assert.deepEqual(await names(["and", ["+", "unit"], ["=", "quality", "good"], ["not", ["+", "site"]]]), [flow]);
      assert.deepEqual(await names(["or", ["+", "site"], ["=", "owner", "ann"], ["=", "a", "b"]]), [bad, good]);
      assert.deepEqual(await names(["not", ["or", ["+", "site"], ["=", "unit", "m3/h"]]]), ["level", bad]);
      assert.deepEqual(await names(["and", ["=", "unit", "W"]]), [bad, good]);
      assert.deepEqual(await names(["+", "unit"], { metric: "flow" }), [flow]);
      assert.deepEqual(await names(["+", "unit"], { tags: new Map([["quality", "bad"]]) }), [bad]);
    });

    test("find keeps to series with a shard that the range touches, whatever the size of the shards", async () => {
      const { store } = tested;
      const [byDay, byMonth, unnoted] = ["day", "month", "none"].map((metric) => table.intern(metric, {}, "tdouble"));
      assert.ok(byDay && byMonth && unnoted);
      await observe(store, [byDay, byMonth, unnoted]);
      await store.write({
        tags: [
          { series: byDay, shard: "2026-02-28" },
          { series: byDay, shard: "1969-12-31" },
          { series: byMonth, shard: "2026-02" },
          { series: byMonth, shard: "2026-02" },
        ],
      });
      const reopened = await tested.reopen();
      const names = async (from: string, to: string) =>
        canonicals(await reopened.find({ tags: new Map(), range: { from: Date.parse(from), to: Date.parse(to) } }));
      assert.deepEqual(await names("2026-02-01T00:00Z", "2026-02-02T00:00Z"), ["month"]);
      assert.deepEqual(await names("2026-02-28T23:59:59.999Z", "2026-03-01T00:00Z"), ["day", "month"]);
      assert.deepEqual(await names("2026-02-27T00:00Z", "2026-02-28T00:00Z"), ["month"]);
      assert.deepEqual(await names("2026-02-27T00:00Z", "2026-02-28T00:00:00.001Z"), ["day", "month"]);
      assert.deepEqual(await names("2026-03-01T00:00Z", "2027-01-01T00:00Z"), []);
      assert.deepEqual(await names("2026-01-31T00:00Z", "2026-02-01T00:00Z"), []);
      assert.deepEqual(await names("1969-12-31T00:00Z", "1970-01-01T00:00Z"), ["day"]);
      assert.deepEqual(await names("2026-02-28T00:00Z", "2026-02-28T00:00Z"), []);
      // A store may note the shards of data points by itself: all three have one in the first month of 1970.
      const since1970 = { from: Date.UTC(1970, 1), to: Number.POSITIVE_INFINITY };
      assert.deepEqual(canonicals(await reopened.find({ tags: new Map(), range: since1970 })), ["day", "month"]);
      const before1970 = { from: Number.NEGATIVE_INFINITY, to: 0 };
      assert.deepEqual(canonicals(await reopened.find({ tags: new Map(), range: before1970 })), ["day"]);
    });

    test("a static tagset stands for its metric as a whole, and an empty one removes it", async () => {
      const { store } = tested;
      const write = (metric: string, tagset: Record<string, string>) =>
        store.write({ staticTagsets: [{ metric, tagset: new Map(Object.entries(tagset)) }] });
      const long = "metric/é".repeat(200);
      await write("a", { owner: "ann", unit: "W" });
      await write(long, { "": '"', é: "\n" });
      await write("a", { unit: "kW" });
      await write("b", { x: "y" });
      assert.deepEqual(await store.staticTagsets(["b", "c"]), new Map([["b", new Map([["x", "y"]])]]));
      await write("b", {});
      const reopened = await tested.reopen();
      const all = await reopened.staticTagsets();
      assert.deepEqual(all.size, 2);
      assert.deepEqual(all.get("a"), new Map([["unit", "kW"]]));
      assert.deepEqual(Object.fromEntries(all.get(long) ?? []), { "": '"', é: "\n" });
    });

    test("a deleted series is found no more, and nothing of it is left, until it is written again", async () => {
      const { store } = tested;
      const a = table.intern("a", { k: "v" }, "tdouble");
      const b = table.intern("b", {}, "tdouble");
      const everything = (series: Series) => ({
        observations: [{ series, points: pointsOf("tdouble", [1, 2, 3], 1) }],
        states: [
          { series, period: "1m", rows: statesOf([0, 1], 1) },
          { series, period: "1h", rows: statesOf([0], 1) },
        ],
        tags: [{ series, shard: "1970-01" }],
      });
      await store.write(everything(a));
      await store.write(everything(b));
      await store.write({ deletes: { series: [a, table.intern("never written", {}, "tlong")] } });
      const reopened = await tested.reopen();
      const names = async () => (await reopened.find({ tags: new Map() })).map(({ metric }) => metric);
      const ranges = [a, b].map((series) => ({ series, ...always }));
      const rows = async () => [
        ...(await reopened.readObservations(ranges)).map(({ time }) => time.length),
        ...(await reopened.readStates("1m", ranges)).map(({ start }) => start.length),
        ...(await reopened.readStates("1h", ranges)).map(({ start }) => start.length),
      ];
      assert.deepEqual(await names(), ["b"]);
      assert.deepEqual(await rows(), [0, 3, 0, 2, 0, 1]);
      assert.deepEqual([...(await reopened.newest([a, b]))], [Number.NEGATIVE_INFINITY, 3]);
      await reopened.write({ observations: [{ series: a, points: pointsOf("tdouble", [7], 1) }] });
      assert.deepEqual(await names(), ["a", "b"]);
      assert.deepEqual(await rows(), [1, 3, 0, 2, 0, 1]);
    });

    test("a write may delete and store in one range, and deletes first", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tdouble");
      await store.write({
        observations: [{ series: a, points: pointsOf("tdouble", [1, 2, 3, 4], 1) }],
        states: [{ series: a, period: "1m", rows: statesOf([1, 2, 3, 4], 1) }],
      });
      await store.write({
        deletes: {
          observations: [
            { series: a, from: 2, to: 4 },
            { series: a, from: 8, to: 9 },
          ],
          states: [
            { series: a, period: "1m", from: 1, to: 4 },
            { series: a, period: "never stored", from: 1, to: 4 },
          ],
        },
        observations: [{ series: a, points: pointsOf("tdouble", [3, 5], 2) }],
        states: [{ series: a, period: "1m", rows: statesOf([0, 2], 2) }],
      });
      const reopened = await tested.reopen();
      const written = (times: readonly number[]) => (time: number) => (times.includes(time) ? 2 : 1);
      assert.deepEqual(await reopened.readObservations([{ series: a, ...always }]), [
        pointsOf("tdouble", [1, 3, 4, 5], written([3, 5])),
      ]);
      assert.deepEqual(await reopened.readStates("1m", [{ series: a, ...always }]), [
        statesOf([0, 2, 4], written([0, 2])),
      ]);
    });

    test("a series whose observations were all deleted by range is still found, and has no newest one", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tlong");
      await store.write({ observations: [{ series: a, points: pointsOf("tlong", [1, 2], 1) }] });
      await store.write({ deletes: { observations: [{ series: a, ...always }] } });
      assert.equal((await store.find({ tags: new Map() })).length, 1);
      assert.deepEqual([...(await store.newest([a]))], [Number.NEGATIVE_INFINITY]);
    });

    test("a closed store refuses", async () => {
      await tested.store.close();
      await assert.rejects(tested.store.write({}), { code: "STORE_FAILED" });
      await assert.rejects(tested.store.newest([]), { code: "STORE_FAILED" });
    });

    test("what was asked before closing is done", async () => {
      const a = table.intern("a", {}, "tdouble");
      const write = tested.store.write({ observations: [{ series: a, points: pointsOf("tdouble", [1], 1) }] });
      await tested.store.close();
      await write;
    });

    test("any writes, in any order and split, read as the last write of each key", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(runOfRows, { minLength: 1, maxLength: 8 }), ranges, async (writes, asked) => {
          const fresh = await open();
          try {
            await agreesWithModel(fresh, writes, asked);
          } finally {
            await fresh.dispose();
          }
        }),
        { numRuns: runs },
      );
    });

    test("writes that are not awaited one by one stand in the order they were made", async () => {
      const { store } = tested;
      const a = table.intern("a", {}, "tdouble");
      const b = table.intern("b", {}, "tdouble");
      const write = (series: Series, time: number, value: number) =>
        store.write({
          observations: [{ series, points: { time: Float64Array.of(time), values: Float64Array.of(value) } }],
        });
      await write(a, 0, 0);
      await Promise.all([write(a, 1, 1), write(b, 1, 2), write(a, 1, 3), write(a, 2, 4), write(b, 0, 5)]);
      const read = await store.readObservations([a, b].map((series) => ({ series, ...always })));
      assert.deepEqual(read, [
        { time: Float64Array.of(0, 1, 2), values: Float64Array.of(0, 3, 4) },
        { time: Float64Array.of(0, 1), values: Float64Array.of(5, 2) },
      ]);
    });
  });
}

const canonicals = (found: readonly Series[]) => found.map(({ canonical }) => canonical);

async function observe(store: Store, series: readonly Series[]): Promise<void> {
  await store.write({ observations: series.map((one) => ({ series: one, points: pointsOf(one.type, [1], 1) })) });
}

const nan = Number.NaN;
const always = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
const position = (latitude: number, longitude: number) => ({ latitude, longitude });

/** Rows at a regular step; `first` may be negative, and runs overlap often. */
const runOfRows = fc.record({
  type: fc.constantFrom(...types),
  period: fc.constantFrom(undefined, undefined, "1m", "1h"),
  first: fc.integer({ min: -4000, max: 4000 }),
  step: fc.integer({ min: 1, max: 3 }),
  count: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 200, max: 1300 })),
  /** Taken away in the same write, but for the rows that it stores. */
  deletes: fc.option(fc.tuple(fc.integer({ min: -4000, max: 6000 }), fc.integer({ min: 0, max: 3000 }))),
  /** Before the next write, where the store may be given that earlier. */
  awaited: fc.boolean(),
});
type RunOfRows = typeof runOfRows extends fc.Arbitrary<infer T> ? T : never;

const ranges = fc.array(fc.tuple(fc.integer({ min: -5000, max: 8000 }), fc.integer({ min: 0, max: 3000 })), {
  minLength: 1,
  maxLength: 4,
});

async function agreesWithModel(
  tested: StoreUnderTest,
  writes: readonly RunOfRows[],
  asked: readonly (readonly [number, number])[],
): Promise<void> {
  const table = new SeriesTable();
  const model = new Map<string, Map<number, number>>();
  const underWay: Promise<void>[] = [];
  for (const [number, { type, period, first, step, count, deletes, awaited }] of writes.entries()) {
    const series = table.intern("m", { of: "model" }, type);
    const times = Array.from({ length: count }, (_, i) => first + i * step);
    const [from, length] = deletes ?? [0, 0];
    const range = { series, from, to: from + length };
    const written = tested.store.write(
      period === undefined
        ? {
            ...(deletes !== null && { deletes: { observations: [range] } }),
            observations: [{ series, points: pointsOf(type, times, number) }],
          }
        : {
            ...(deletes !== null && { deletes: { states: [{ ...range, period }] } }),
            states: [{ series, period, rows: statesOf(times, number) }],
          },
    );
    underWay.push(written);
    if (awaited || tested.store.writesInOrder !== true) await written;
    const kept = model.get(`${type} ${period}`) ?? new Map<number, number>();
    model.set(`${type} ${period}`, kept);
    for (const time of [...kept.keys()]) if (time >= range.from && time < range.to) kept.delete(time);
    for (const time of times) kept.set(time, number);
  }
  await Promise.all(underWay);
  const store = await tested.reopen();
  for (const type of types) {
    const series = table.intern("m", { of: "model" }, type);
    const raw = model.get(`${type} undefined`) ?? new Map<number, number>();
    assert.deepEqual([...(await store.newest([series]))], [Math.max(...raw.keys())]);
    for (const [from, length] of [...asked, [-10_000, 30_000] as const]) {
      const range = { series, from, to: from + length };
      const expected = within(raw, from, from + length);
      assert.deepEqual(await store.readObservations([range]), [
        pointsOf(type, [...expected.keys()], (time) => expected.get(time) ?? 0),
      ]);
      for (const period of ["1m", "1h"]) {
        const states = within(model.get(`${type} ${period}`) ?? new Map(), from, from + length);
        const wanted = statesOf([...states.keys()], (time) => states.get(time) ?? 0);
        const read = await store.readStates(period, [range]);
        assert.deepEqual(read, [states.size === 0 ? { start: wanted.start } : wanted]);
      }
    }
  }
}

function within(rows: ReadonlyMap<number, number>, from: number, to: number): Map<number, number> {
  return new Map([...rows].filter(([time]) => time >= from && time < to).sort(([a], [b]) => a - b));
}

type WriteNumber = number | ((time: number) => number);
const numberAt = (write: WriteNumber, time: number) => (typeof write === "number" ? write : write(time));

/** Points whose values follow from the time and from the number of the write. */
function pointsOf(type: DataType, times: readonly number[], write: WriteNumber): Points {
  const values = newColumn(layoutOf(type), times.length);
  for (const [row, time] of times.entries()) values[row] = valueAt(type, time, numberAt(write, time));
  return { time: Float64Array.from(times), values };
}

function valueAt(type: DataType, time: number, write: number): unknown {
  if (type === "tdouble") return time / 7 + write;
  if (type === "tlong") return BigInt(time) * 2n ** 40n + BigInt(write);
  if (type === "tbool") return (time + write) & 1;
  if (type === "ttext") return `${write}:${"é".repeat(time & 7)}`;
  if (type === "tbinary") return Uint8Array.of(write, time & 255);
  return type === "pos2d" ? position(write, time / 100) : { write, time: [time] };
}

function statesOf(times: readonly number[], write: WriteNumber) {
  return {
    start: Float64Array.from(times),
    floats: Float64Array.from(times.flatMap((time) => [time, numberAt(write, time), 0.5])),
    bytes: times.map((time) => Uint8Array.of(numberAt(write, time), time & 255)),
  };
}
