import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, expect, test } from "vitest";
import { utcRules } from "../../../blocks/model/bucket-rules.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { StoreWrite } from "../../../blocks/model/store.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { withServer } from "../../with-server.ts";
import { keysOf, quietRun, roughRun, soundParts } from "../../blocks/rollup/rollup-run.ts";
import { storedTable } from "../../blocks/rollup/stored-table.ts";
import { TestKeyspaces } from "./cluster.ts";
import { makeTsorageKeyspace } from "./tsorage-keyspace.ts";

// Each test says which fault of TSorage's processor it shows to be impossible here.

await withServer("cassandra", "what the Cassandra store guarantees", (server) => {
  const keyspaces = new TestKeyspaces(server, "guarantees");
  const table = new SeriesTable();
  const power = table.intern("power", { site: "north", unit: "W" }, "tdouble");
  const point = (time: number, value: number, revision?: number): StoreWrite => ({
    observations: [
      { series: power, points: { time: Float64Array.of(time), values: Float64Array.of(value) }, revision },
    ],
  });
  const bucket = (start: number, count: number, revision?: number): StoreWrite => {
    const rows = { start: Float64Array.of(start), floats: Float64Array.of(count) };
    return { states: [{ series: power, period: "1m", rows, revision }] };
  };
  afterEach(() => keyspaces.truncate());
  afterAll(() => keyspaces.drop());

  test("a stale rollup or data point that arrives late stands over nothing (concurrent, unordered tasks)", async () => {
    const [one, other] = [await keyspaces.open(), await keyspaces.open()];
    await one.write(point(0, 2, 2_000_000));
    await one.write(bucket(0, 2, 2_000_000));
    await other.write(point(0, 1, 1_000_000));
    await other.write(bucket(0, 1, 1_000_000));
    const range = [{ series: power, from: 0, to: 1 }];
    assert.deepEqual(await one.readObservations(range), [{ time: Float64Array.of(0), values: Float64Array.of(2) }]);
    assert.deepEqual(await one.readStates("1m", range), [{ start: Float64Array.of(0), floats: Float64Array.of(2) }]);
    await other.write(point(0, 3, 2_000_001));
    assert.deepEqual(await one.readObservations(range), [{ time: Float64Array.of(0), values: Float64Array.of(3) }]);
    await one.close();
    await other.close();
  });

  test("what a backfill writes stands over what it fills, and under what the next record makes", async () => {
    const store = await keyspaces.open();
    const range = [{ series: power, from: 0, to: 1 }];
    const counts = async () => (await store.readStates("1m", range)).map(({ floats }) => floats?.[0]);
    await store.write(bucket(0, 2, 2_000_000));
    assert.deepEqual(await store.stateRevisions?.("1m", range), [new Map([[0, 2_000_000]])]);
    const [filled] = bucket(0, 3).states ?? [];
    if (filled !== undefined) await store.write({ states: [{ ...filled, revisions: Float64Array.of(2_000_001) }] });
    assert.deepEqual(await counts(), [3]);
    await store.write(bucket(0, 2, 2_000_000));
    assert.deepEqual(await counts(), [3]);
    await store.write(bucket(0, 4, 2_001_000));
    assert.deepEqual(await counts(), [4]);
    await store.close();
  });

  test("a backfill leaves the table of a run that had the derivators from the beginning", async () => {
    const store = await keyspaces.open();
    const start = Date.UTC(2024, 1, 29, 23, 58);
    const entries = Array.from({ length: 40 }, (_, index) => {
      return { metric: 0, time: start + ((index * 17) % 37) * 20_000, value: index / 3 };
    });
    const step = { chunks: [9], rawFirst: true, lags: false, commits: true, killed: undefined, deletes: undefined };
    const given = {
      entries,
      labels: ["1m", "1h", "1mo"],
      rules: utcRules,
      hotSeriesMax: 10,
      steps: [step, step, step],
    };
    const late = {
      names: ["p99", "p90", "p50", "histogram", "trail"],
      step: 1,
      pointsMax: 4,
      loses: "nothing",
    } as const;
    await roughRun(given, soundParts, store, late);
    const keys = keysOf(given);
    assert.deepEqual(await storedTable(store, keys), await storedTable(await quietRun(given), keys));
    await store.close();
  });

  test("the write timestamp is the revision, in microseconds, so time windows go by when data entered", async () => {
    const store = await keyspaces.open();
    const entered = Date.UTC(2026, 0, 2) * 1_000;
    await store.write(point(0, 1, entered));
    const [row] = await keyspaces.cql(
      `SELECT WRITETIME(value_tdouble) AS written FROM ${keyspaces.raw}.observations
       WHERE metric = 'power' AND tagset = {'site': 'north', 'unit': 'W'} AND type = 'tdouble' AND shard = '1970-01'`,
    );
    assert.equal(Number(row?.written), entered);
    const [options] = await keyspaces.cql(
      "SELECT compaction FROM system_schema.tables WHERE keyspace_name = ? AND table_name = 'observations'",
      [keyspaces.raw],
    );
    assert.match(JSON.stringify(options), /TimeWindowCompactionStrategy/);
    await store.close();
  });

  test("without a revision later writes stand, also when the clock is set back", async () => {
    const clock = virtualClock(2_000_000);
    const store = await keyspaces.open({}, { ...clock, now: () => 2_000_000 - clock.monotonic() });
    await store.write(point(0, 1));
    clock.advance(1_000);
    await store.write(point(0, 2));
    const [points] = await store.readObservations([{ series: power, from: 0, to: 1 }]);
    assert.deepEqual([...(points?.values ?? [])], [2]);
    await store.close();
  });

  test("a write goes into batches of one partition and a bounded size, across any number of shards (one batch for all)", async () => {
    const store = await keyspaces.open({ batch_bytes: "2 KiB", sharder: "month" });
    const months = Array.from({ length: 30 }, (_, month) => Date.UTC(2024, month));
    const times = months.flatMap((start) => Array.from({ length: 40 }, (_, offset) => start + offset * 1_000));
    const time = Float64Array.from(times);
    await store.write({ observations: [{ series: power, points: { time, values: time.slice() } }] });
    const [points] = await store.readObservations([{ series: power, from: 0, to: Number.POSITIVE_INFINITY }]);
    assert.deepEqual(points?.time, time);
    const shards = await keyspaces.cql(
      `SELECT DISTINCT metric, tagset, type, shard FROM ${keyspaces.raw}.observations`,
    );
    assert.equal(shards.length, 30);
    await store.close();
  });

  test("shards are named whole, in the index of series too (cut off to 2020-)", async () => {
    const store = await keyspaces.open();
    await store.write({ tags: [{ series: power, shard: "2019-10" }] });
    await store.write({ tags: [{ series: power, shard: "2019-11" }] });
    const rows = await keyspaces.cql(`SELECT shard FROM ${keyspaces.aggregated}.shards`);
    assert.deepEqual(rows.map(({ shard }) => shard).sort(), ["2019-10", "2019-11"]);
    await store.close();
  });

  test("series of one tag lie in several partitions (one partition a tag name)", async () => {
    const store = await keyspaces.open();
    const many = Array.from({ length: 60 }, (_, sensor) =>
      table.intern("flow", { unit: "l", sensor: `${sensor}` }, "tlong"),
    );
    const points = { time: Float64Array.of(0), values: BigInt64Array.of(1n) };
    await store.write({ observations: many.map((series) => ({ series, points })) });
    const partitions = await keyspaces.cql(
      `SELECT DISTINCT tagname, tagvalue, bucket FROM ${keyspaces.aggregated}.series_by_tag`,
    );
    assert.ok(partitions.filter(({ tagname }) => tagname === "unit").length > 8);
    assert.equal((await store.find({ tags: new Map([["unit", "l"]]) })).length, 60);
    assert.equal((await store.find({ tags: new Map([["sensor", "7"]]) })).length, 1);
    await store.close();
  });

  test("results stand in columns that CQL reads, and integers keep all their digits", async () => {
    const store = await keyspaces.open();
    const energy = table.intern("energy", {}, "tlong");
    const results = (series: string) => () => [
      { derivator: "count", type: "tlong", value: 2 },
      {
        derivator: "last",
        type: series === "power" ? "date_tdouble" : "date_tlong",
        value: { datetime: 7, value: series === "power" ? 1.5 : 2n ** 60n },
      },
      { derivator: "sum", type: series === "power" ? "tdouble" : "tlong", value: series === "power" ? 3 : 2n ** 70n },
    ];
    const rows = { start: Float64Array.of(0), bytes: [Uint8Array.of(1)] };
    await store.write({
      states: [
        { series: power, period: "1mo", rows, results: results("power") },
        { series: energy, period: "1mo", rows, results: results("energy") },
      ],
    });
    const read = await keyspaces.cql(
      `SELECT metric, count, last, last_datetime, sum, results FROM ${keyspaces.aggregated}.aggregations`,
    );
    const plain = read
      .map((row) => ({ ...row, count: Number(row.count), last_datetime: (row.last_datetime as Date).getTime() }))
      .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    assert.deepEqual(plain, [
      {
        ...{ metric: "energy", count: 2, last: null, last_datetime: 7, sum: null },
        results: { last: "1152921504606846976", sum: "1180591620717411303424" },
      },
      { metric: "power", count: 2, last: 1.5, last_datetime: 7, sum: 3, results: {} },
    ]);
    await store.close();
  });

  test("engines that start together make the tables once, and another sharder or program is refused", async () => {
    const fresh = new TestKeyspaces(server, "together");
    // Each comes in at another moment of what the first one does.
    const delays = [0, 0, 20, 50, 90, 140, 200, 270];
    const stores = await Promise.all(delays.map((ms) => sleep(ms).then(() => fresh.open())));
    for (const store of stores) await store.close();
    await expect(fresh.open({ sharder: "day" })).rejects.toMatchObject({ code: "SETTING_INVALID" });
    const versions = await fresh.cql(`SELECT name, version FROM ${fresh.aggregated}.schema_version`);
    assert.deepEqual(versions, [{ name: "millrace", version: 1 }]);
    const old = `foreign_${process.pid}`;
    await makeTsorageKeyspace(fresh, old);
    const foreign = fresh.open({ keyspaces: { raw: old, aggregated: fresh.aggregated } });
    await expect(foreign).rejects.toMatchObject({ code: "FORMAT_UNSUPPORTED" });
    await (await fresh.client()).execute(`DROP KEYSPACE ${old}`);
    await fresh.drop();
  });

  test("a time to live is the tables' own, and may be changed", async () => {
    const ttlOf = async (name: string) => {
      const [row] = await keyspaces.cql(
        "SELECT default_time_to_live FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?",
        [name === "observations" ? keyspaces.raw : keyspaces.aggregated, name],
      );
      return row?.default_time_to_live;
    };
    await (await keyspaces.open({ ttl: { raw: "30 days" } })).close();
    assert.deepEqual([await ttlOf("observations"), await ttlOf("aggregations")], [2_592_000, 0]);
    await (await keyspaces.open({ ttl: { aggregated: "1 h" } })).close();
    assert.deepEqual([await ttlOf("observations"), await ttlOf("aggregations")], [0, 3_600]);
  });

  test("a reader without an engine reads, and writes nothing", async () => {
    const store = await keyspaces.open();
    await store.write(point(5, 1));
    await store.close();
    const reader = await keyspaces.openReadOnly();
    assert.deepEqual([...(await reader.newest([power]))], [5]);
    await assert.rejects(reader.write(point(6, 1)), { code: "STORE_FAILED" });
    await reader.close();
  });
});

test("a cluster that is not there is refused in one sentence", async () => {
  const nobody = { host: "127.0.0.1", ports: { cql: 1 } } as unknown as ConstructorParameters<typeof TestKeyspaces>[0];
  await assert.rejects(new TestKeyspaces(nobody, "nobody").open(), {
    code: "CONNECTION_FAILED",
    message: /^Cannot connect to Cassandra at 127\.0\.0\.1:1: .*ECONNREFUSED/,
  });
});
