import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { finished, millrace, startMillrace, temporaryFolder } from "../../millrace-process.ts";
import { withServer } from "../../with-server.ts";
import { TestKeyspaces } from "./cluster.ts";
import { makeTsorageKeyspace } from "./tsorage-keyspace.ts";

await withServer("cassandra", "the copy of a keyspace of TSorage", (server) => {
  const keyspaces = new TestKeyspaces(server, "copied");
  const old = `tsorage_${process.pid}`;
  const hour = Date.UTC(2019, 10, 30, 18);

  beforeAll(async () => {
    await makeTsorageKeyspace(keyspaces, old);
    const insert = `INSERT INTO ${old}.observations (metric, tagset, shard, datetime, %) VALUES (?, ?, '2019-11', ?, ?)`;
    const client = await keyspaces.client();
    for (let point = 0; point < 120; point += 1) {
      for (const tag of ["a", "b", "c"]) {
        const values = [`m-${tag}`, { tag }, hour + point * 1_000, { value: point }];
        await client.execute(insert.replace("%", "value_tdouble"), values, { prepare: true });
      }
    }
    const others = {
      tlong: { value: 2n ** 62n },
      ttext: { value: "é 🌊" },
      tbool: { value: true },
      tbinary: { value: Buffer.of(0, 255) },
      pos2d: { longitude: 4.86, latitude: 50.46 },
    };
    const literals = {
      tlong: `{value: ${others.tlong.value}}`,
      ttext: `{value: '${others.ttext.value}'}`,
      tbool: "{value: true}",
      tbinary: "{value: 0x00ff}",
      pos2d: "{longitude: 4.86, latitude: 50.46}",
    };
    // All of them at one instant of one metric, as they stand when its type changed.
    for (const [type, literal] of Object.entries(literals)) {
      await client.execute(
        `INSERT INTO ${old}.observations (metric, tagset, shard, datetime, value_${type})
         VALUES ('mixed', {}, '2019-11', ${hour}, ${literal})`,
      );
    }
    await client.execute(
      `INSERT INTO ${old}.observations (metric, tagset, shard, datetime, value_pos2d)
       VALUES ('far{', {}, '2019-11', ${hour}, {longitude: 400, latitude: 0})`,
    );
  });
  afterAll(async () => {
    await (await keyspaces.client()).execute(`DROP KEYSPACE IF EXISTS ${old}`);
    await keyspaces.drop();
  });

  function graphIn(folder: string): string[] {
    const graph = {
      name: "plant",
      stores: { main: { type: "cassandra", ...keyspaces.settings } },
      sources: { meters: { type: "flow/http/json" } },
      buffers: { raw: { type: "disk", path: join(folder, "buffer"), from: "meters" } },
      blocks: { rollups: { type: "processor", from: "raw", store: "main", aggregators: ["1m", "1h"] } },
      dead_letters: { path: join(folder, "dead") },
    };
    writeFileSync(join(folder, "plant.yaml"), JSON.stringify(graph));
    const node = `${server.host}:${server.ports.cql}`;
    const progress = join(folder, "progress.json");
    return [
      ...["migrate", "tsorage", join(folder, "plant.yaml"), "--node", node, "--keyspace", old],
      ...["--progress", progress, "--json"],
    ];
  }

  test("every raw data point is copied and rolled up, all types of one instant too, and counted", async () => {
    const command = graphIn(temporaryFolder());
    const { code, stdout, stderr } = await millrace(command);
    expect(stderr).not.toContain("error");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ rows: 362, points: 365, rejected: 1 });
    const store = await keyspaces.open();
    const table = new SeriesTable();
    const read = async (metric: string, tagset: Record<string, string>, type: string) => {
      const series = table.intern(metric, tagset, type);
      const [points] = await store.readObservations([{ series, from: 0, to: Number.MAX_SAFE_INTEGER }]);
      return [...(points?.values ?? [])];
    };
    assert.deepEqual(
      await read("m-b", { tag: "b" }, "tdouble"),
      Array.from({ length: 120 }, (_, point) => point),
    );
    assert.deepEqual(await read("mixed", {}, "tlong"), [2n ** 62n]);
    assert.deepEqual(await read("mixed", {}, "ttext"), ["é 🌊"]);
    assert.deepEqual(await read("mixed", {}, "tbool"), [1]);
    assert.deepEqual(await read("mixed", {}, "tbinary"), [Uint8Array.of(0, 255)]);
    assert.deepEqual(await read("mixed", {}, "pos2d"), [{ latitude: 50.46, longitude: 4.86 }]);
    await store.close();
    const minutes = await keyspaces.cql(
      `SELECT datetime, count, sum FROM ${keyspaces.aggregated}.aggregations WHERE metric = 'm-a' AND tagset = {'tag': 'a'}
       AND type = 'tdouble' AND shard = '2019-11' AND period = '1m'`,
    );
    assert.deepEqual(
      minutes.map(({ datetime, count, sum }) => [(datetime as Date).getTime(), Number(count), sum]),
      [
        [hour + 60_000, 60, 5_370],
        [hour, 60, 1_770],
      ],
    );
    // What is copied is not read again.
    const again = await millrace(command);
    expect(JSON.parse(again.stdout)).toEqual({ rows: 362, points: 365, rejected: 1 });
  });

  test("a copy that is killed goes on where it was, and counts as one that was not", { timeout: 300_000 }, async () => {
    const command = graphIn(temporaryFolder());
    const child = startMillrace(command);
    const ended = finished(child);
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    child.kill("SIGKILL");
    await ended;
    const { code, stdout } = await millrace(command);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ rows: 362, points: 365, rejected: 1 });
  });
});
