import fc from "fast-check";
import { expect, test } from "vitest";
import { defineDerivator, type Derivator } from "../../../blocks/model/derivator.ts";
import { parseSelector } from "../../../blocks/model/selector.ts";
import type { QueryRequest } from "../../../blocks/query/query.ts";
import { runQuery } from "../../../blocks/query/query.ts";
import type { QueryResult } from "../../../blocks/query/query-result.ts";
import { FilledStore } from "./filled-store.ts";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const t0 = Date.UTC(2020, 0, 1);

function ask(filled: FilledStore, selector: string, more: Partial<QueryRequest> = {}): Promise<QueryResult> {
  const request: QueryRequest = {
    filter: parseSelector(selector),
    values: [],
    grouping: { kind: "each" },
    rowsMax: 100_000,
    ...more,
  };
  return runQuery(filled.store, request, {
    periods: filled.periods,
    buckets: filled.buckets,
    sets: filled.sets,
    all: filled.all,
  });
}

test("a query without a period gives the observations from `from` up to, but without, `to`", async () => {
  const filled = new FilledStore();
  await filled.add("m", {}, "tdouble", [
    [9, 1],
    [10, 2],
    [19, 3],
    [20, 4],
  ]);
  expect(await ask(filled, "m", { from: 10, to: 20 })).toEqual({
    columns: ["series", "timestamp", "value"],
    rows: [
      ["m", 10, 2],
      ["m", 19, 3],
    ],
  });
});

test("a query without bounds finds the first and the last instant that there can be", async () => {
  const filled = new FilledStore();
  await filled.add("m", {}, "tbool", [
    [-62_135_596_800_000, 1],
    [0, 0],
    [253_402_300_799_999, 1],
  ]);
  const { rows } = await ask(filled, "m");
  expect(rows.map(([, time, value]) => [time, value])).toEqual([
    [-62_135_596_800_000, true],
    [0, false],
    [253_402_300_799_999, true],
  ]);
});

test("a query of what is not there has columns and no rows", async () => {
  const filled = new FilledStore();
  expect(await ask(filled, "m")).toEqual({ columns: ["series", "timestamp", "value"], rows: [] });
  await filled.add("m", {}, "tdouble", [[0, 1]]);
  expect((await ask(filled, "m", { from: 5, to: 5 })).rows).toEqual([]);
  expect((await ask(filled, "m", { from: 9, to: 2 })).rows).toEqual([]);
  expect((await ask(filled, "m", { from: -day, to: 0, every: "1h" })).rows).toEqual([]);
});

test("a series with two types answers with both, in order of time and then type", async () => {
  const filled = new FilledStore();
  await filled.add("m", {}, "tlong", [
    [1, 2n ** 60n],
    [2, 7n],
  ]);
  await filled.add("m", {}, "tdouble", [
    [1, 0.5],
    [3, 1.5],
  ]);
  await filled.add("m", { a: "b" }, "ttext", [[0, "x"]]);
  expect((await ask(filled, "m")).rows).toEqual([
    ["m", 1, 0.5],
    ["m", 1, 2n ** 60n],
    ["m", 2, 7],
    ["m", 3, 1.5],
    ['m{a="b"}', 0, "x"],
  ]);
});

test("an answer may have rows_max rows, and not one more", async () => {
  const filled = new FilledStore();
  await filled.add("m", {}, "tdouble", [
    [1, 1],
    [2, 2],
    [3, 3],
  ]);
  expect((await ask(filled, "m", { rowsMax: 3 })).rows).toHaveLength(3);
  await expect(ask(filled, "m", { rowsMax: 2 })).rejects.toMatchObject({ code: "SIZE_LIMIT" });
  await expect(ask(filled, "m", { rowsMax: 2, every: "1s" })).resolves.toMatchObject({ rows: [["m", 0, 3, 2]] });
});

test("a bucket is whole and labelled by its start, whatever part of it the range takes", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", {}, "tdouble", [
    [t0 - 1, 9],
    [t0, 1],
    [t0 + minute - 1, 3],
    [t0 + minute, 5],
  ]);
  const inside = await ask(filled, "m", { every: "1m", from: t0 + 1, to: t0 + minute });
  expect(inside.columns).toEqual(["series", "timestamp", "count", "mean"]);
  expect(inside.rows).toEqual([["m", t0, 2, 2]]);
  const further = await ask(filled, "m", { every: "1m", from: t0 + 1, to: t0 + minute + 1 });
  expect(further.rows).toEqual([
    ["m", t0, 2, 2],
    ["m", t0 + minute, 1, 5],
  ]);
});

test("a period comes from the coarsest stored one that divides it, and never from the observations then", async () => {
  const filled = new FilledStore(["1m", "1h"]);
  const series = await filled.add("m", {}, "tdouble", [
    [t0, 1],
    [t0 + hour, 2],
    [t0 + day, 4],
  ]);
  const asked: string[] = [];
  const read = filled.store.readStates.bind(filled.store);
  filled.store.readStates = (period, ranges) => {
    asked.push(period);
    return read(period, ranges);
  };
  filled.store.readObservations = () => Promise.reject(new Error("the observations were read"));
  for (const every of ["5m", "1h", "6h", "1d", "1mo"]) {
    expect((await ask(filled, series.canonical, { every, values: ["sum"] })).rows.length).toBeGreaterThan(0);
    expect(new Set(asked.splice(0))).toEqual(new Set([every === "5m" ? "1m" : "1h"]));
  }
  await expect(ask(filled, series.canonical, { every: "90s" })).rejects.toThrow("the observations were read");
});

test("values that are computed agree with the definition", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", {}, "tdouble", [
    [t0 + 1, 2],
    [t0 + 5, 4],
    [t0 + 9, 9],
  ]);
  const values = [
    "min",
    "max",
    "sum",
    "s_sum",
    "first",
    "last",
    "variance",
    "stddev",
    "first_time",
    "last_time",
    "delta",
  ];
  const { rows } = await ask(filled, "m", { every: "1h", values });
  expect(rows).toEqual([["m", t0, 2, 9, 15, 101, 2, 9, 26 / 3, Math.sqrt(26 / 3), t0 + 1, t0 + 9, 7]]);
});

test("tlong values keep every digit, and their mean and variance are rounded once", async () => {
  const filled = new FilledStore(["1m"]);
  const big = 2n ** 62n;
  await filled.add("m", {}, "tlong", [
    [t0, big],
    [t0 + 1, big + 1n],
    [t0 + 2, big + 2n],
  ]);
  const { rows } = await ask(filled, "m", {
    every: "1h",
    values: ["sum", "first", "mean", "variance", "delta", "count"],
  });
  expect(rows).toEqual([["m", t0, 3n * big + 3n, big, 2 ** 62, 2 / 3, 2, 3]]);
});

test("a value that a type does not have is an empty cell", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", {}, "ttext", [
    [t0, "a"],
    [t0 + 1, "b"],
  ]);
  await filled.add("m", {}, "tbool", [
    [t0, 1],
    [t0 + 1, 1],
    [t0 + 2, 0],
  ]);
  const { rows } = await ask(filled, "m", {
    every: "1m",
    values: ["count", "last", "mean", "sum", "true_count", "last_time"],
  });
  expect(rows).toEqual([
    ["m", t0, 3, false, null, null, 2, t0 + 2],
    ["m", t0, 2, "b", null, null, null, t0 + 1],
  ]);
  expect((await ask(filled, "m", { every: "1m" })).columns.slice(2)).toEqual(["count", "last"]);
});

test("an unknown value or period is refused, with the nearest name", async () => {
  const filled = new FilledStore();
  await filled.add("m", {}, "tdouble", [[0, 1]]);
  const unknown = { code: "SETTING_UNKNOWN", message: expect.stringContaining('did you mean "mean"?') };
  await expect(ask(filled, "m", { every: "1m", values: ["maen"] })).rejects.toMatchObject(unknown);
  await expect(ask(filled, "m", { values: ["mean"] })).rejects.toMatchObject({ code: "SETTING_UNKNOWN" });
  await expect(ask(filled, "m", { every: "1 minute" })).rejects.toMatchObject({ code: "SETTING_INVALID" });
});

test("merged series answer under the name of the selector, first and last by their timestamps", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", { p: "x", s: "1" }, "tdouble", [
    [t0 + 5, 10],
    [t0 + 6, 20],
  ]);
  await filled.add("m", { p: "x", s: "2" }, "tdouble", [
    [t0 + 1, 1],
    [t0 + 6, 2],
  ]);
  await filled.add("m", { p: "y", s: "3" }, "tdouble", [[t0, 1000]]);
  const grouping = { kind: "merge" } as const;
  const values = ["count", "sum", "min", "max", "first", "first_time", "last"];
  expect((await ask(filled, 'm{p="x"}', { every: "1m", grouping, values })).rows).toEqual([
    ['m{p="x"}', t0, 4, 33, 1, 20, 1, t0 + 1, 2],
  ]);
  expect((await ask(filled, 'm{p="x"}', { grouping })).rows).toEqual([
    ['m{p="x"}', t0 + 1, 1],
    ['m{p="x"}', t0 + 5, 10],
    ['m{p="x"}', t0 + 6, 20],
    ['m{p="x"}', t0 + 6, 2],
  ]);
});

test("the first and last of merged buckets are those of the merged observations, for tlong too", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", { s: "1" }, "tlong", [
    [t0 + 3, 30n],
    [t0 + 8, 80n],
  ]);
  await filled.add("m", { s: "2" }, "tlong", [
    [t0 + 1, 10n],
    [t0 + 5, 50n],
  ]);
  const values = ["first", "last", "count", "sum", "delta"];
  const { rows } = await ask(filled, "m", { every: "1m", grouping: { kind: "merge" }, values });
  expect(rows).toEqual([["m", t0, 10, 80, 4, 170, 70]]);
});

test("series grouped by a tag answer once for each of its values, an absent tag being empty", async () => {
  const filled = new FilledStore();
  await filled.add("m", { p: "x", s: "1" }, "tdouble", [[t0, 1]]);
  await filled.add("m", { p: "x", s: "2" }, "tdouble", [[t0, 2]]);
  await filled.add("m", { s: "3" }, "tdouble", [[t0, 4]]);
  const { rows } = await ask(filled, "m", { every: "1m", grouping: { kind: "by", tags: ["p"] }, values: ["sum"] });
  expect(rows).toEqual([
    ['m{p=""}', t0, 4],
    ['m{p="x"}', t0, 3],
  ]);
  expect((await ask(filled, "{}", { grouping: { kind: "merge" } })).rows[0]?.[0]).toBe("{}");
});

test("tdouble and tlong merge as tdouble, other mixes are refused", async () => {
  const filled = new FilledStore(["1m"]);
  await filled.add("m", { s: "1" }, "tdouble", [[t0, 0.5]]);
  await filled.add("m", { s: "2" }, "tlong", [
    [t0 + 1, 3n],
    [t0 + 2, 5n],
  ]);
  const grouping = { kind: "merge" } as const;
  const values = ["count", "sum", "s_sum", "first", "last", "mean"];
  expect((await ask(filled, "m", { every: "1m", grouping, values })).rows).toEqual([
    ["m", t0, 3, 8.5, 34.25, 0.5, 5, 8.5 / 3],
  ]);
  expect((await ask(filled, "m", { grouping })).rows).toEqual([
    ["m", t0, 0.5],
    ["m", t0 + 1, 3],
    ["m", t0 + 2, 5],
  ]);
  await filled.add("m", { s: "3" }, "tbool", [[t0, 1]]);
  await expect(ask(filled, "m", { grouping })).rejects.toMatchObject({ code: "SELECTOR_INVALID" });
});

const rowCount = defineDerivator<number>({
  name: "rows",
  summary: "Counts rows.",
  appliesTo: () => true,
  resultType: () => "tlong",
  seed: () => 0,
  add: (state, _points, from, to) => state + to - from,
  merge: (earlier, later) => earlier + later,
  result: (state) => BigInt(state),
  encode: (state) => new TextEncoder().encode(String(state)),
  decode: (bytes) => Number(new TextDecoder().decode(bytes)),
}) as Derivator;

test("the value of a plugin's derivator is given for each series, and refused for several merged", async () => {
  const filled = new FilledStore(["1m"], [rowCount]);
  await filled.add("m", { s: "1" }, "tdouble", [
    [t0, 1],
    [t0 + minute, 1],
  ]);
  const asked = { every: "1h", values: ["rows"] };
  expect((await ask(filled, "m", { ...asked, grouping: { kind: "merge" } })).rows).toEqual([["m", t0, 2]]);
  await filled.add("m", { s: "2" }, "tdouble", [[t0, 1]]);
  expect((await ask(filled, "m", asked)).rows.map((row) => row[2])).toEqual([2, 1]);
  const merged = ask(filled, "m", { ...asked, grouping: { kind: "merge" } });
  await expect(merged).rejects.toMatchObject({ code: "SETTING_INVALID" });
});

const points = fc
  .uniqueArray(
    fc.tuple(
      fc.oneof(fc.integer({ min: 0, max: 3 * hour }), fc.integer({ min: 0, max: 900 * day })),
      fc.integer({ min: -99, max: 99 }),
    ),
    { selector: ([time]) => time, minLength: 1, maxLength: 60 },
  )
  .map((rows) => rows.sort(([a], [b]) => a - b));

test("stored rollups and observations give the same buckets", async () => {
  const periods = fc.constantFrom("1m", "7m", "1h", "1d", "2mo");
  await fc.assert(
    fc.asyncProperty(points, points, periods, fc.boolean(), async (one, two, every, merge) => {
      const [rolled, raw] = [new FilledStore(["1m", "1h", "1d"]), new FilledStore()];
      for (const filled of [rolled, raw]) {
        await filled.add("m", { s: "1" }, "tdouble", one);
        await filled.add(
          "m",
          { s: "2" },
          "tlong",
          two.map(([time, value]) => [time, BigInt(value)] as const),
        );
      }
      const values = [
        "count",
        "first",
        "last",
        "min",
        "max",
        "sum",
        "s_sum",
        "mean",
        "variance",
        "first_time",
        "last_time",
      ];
      const grouping = { kind: merge ? "merge" : "each" } as const;
      const asked = { every, values, grouping };
      expect(await ask(rolled, "m", asked)).toEqual(await ask(raw, "m", asked));
    }),
    { numRuns: 60 },
  );
});

test("the counts of the buckets of any range are those of the observations in its whole buckets", async () => {
  await fc.assert(
    fc.asyncProperty(
      points,
      fc.integer({ min: 0, max: 4 * hour }),
      fc.integer({ min: 1, max: 4 * hour }),
      async (rows, from, length) => {
        const filled = new FilledStore(["1m"]);
        await filled.add("m", {}, "tdouble", rows);
        const to = from + length;
        const result = await ask(filled, "m", { every: "5m", from, to, values: ["count"] });
        const expected = new Map<number, number>();
        for (const [time] of rows) {
          const start = time - (time % (5 * minute));
          if (start >= from - (from % (5 * minute)) && start < to) expected.set(start, (expected.get(start) ?? 0) + 1);
        }
        expect(result.rows).toEqual([...expected].map(([start, count]) => ["m", start, count]));
      },
    ),
  );
});

test("many series are all read, batch by batch", async () => {
  const filled = new FilledStore();
  for (let index = 0; index < 150; index += 1) await filled.add("m", { s: String(index) }, "tdouble", [[index, index]]);
  expect((await ask(filled, "m")).rows).toHaveLength(150);
  const merged = await ask(filled, "m", { grouping: { kind: "merge" } });
  expect(merged.rows.map((row) => row[2])).toEqual(Array.from({ length: 150 }, (_, index) => index));
});
