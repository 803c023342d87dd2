import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chunkRowsMax } from "../../../blocks/model/chunk-builder.ts";
import type { SourceElement } from "../../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../../blocks/model/dead-letter.ts";
import { csvSource } from "../../../connectors/csv/source.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { until } from "../io-clock.ts";
import { runSource, testContext } from "../source-run.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "csv-source-"));
  path = join(folder, "in.csv");
});

afterEach(() => rm(folder, { recursive: true }));

async function read(text: string, given: object = {}) {
  await writeFile(path, text);
  const run = await runSource(csvSource, { path, time_column: "time", ...given });
  await run.done;
  return run;
}

const at = (time: string) => `2020-01-02T${time}.000Z`;

test("each column that is not the time becomes a metric, and an empty cell is no value", async () => {
  const { rows, letters } = await read("time,a,b\n2020-01-02T03:00:00,1,2.5\n2020-01-02T04:00:00,,3\n");
  expect(rows).toEqual([
    ["a", "tdouble", at("03:00:00"), 1],
    ["b", "tdouble", at("03:00:00"), 2.5],
    ["b", "tdouble", at("04:00:00"), 3],
  ]);
  expect(letters).toEqual([]);
});

test("tag columns become tags, an empty one is no tag, and static tags are added", async () => {
  const { rows } = await read("time,site,a\n2020-01-02T03:00:00,north,1\n2020-01-02T03:00:00,,2\n", {
    tag_columns: ["site"],
    tagset: { owner: "me" },
    metric_prefix: "plant.",
  });
  expect(rows.map(([series, , , value]) => [series, value])).toEqual([
    ['plant.a{owner="me",site="north"}', 1],
    ['plant.a{owner="me"}', 2],
  ]);
});

test("value columns may be named, and other ones are then left out", async () => {
  const { rows } = await read("time,a,b\n2020-01-02T03:00:00,1,x\n", { value_columns: ["a"] });
  expect(rows.map(([series]) => series)).toEqual(["a"]);
});

test("value columns may have a metric, a type and tags of their own", async () => {
  const { rows } = await read("time,n,t\n2020-01-02T03:00:00,9007199254740993,on\n", {
    value_columns: { n: { type: "tlong", metric: "count" }, t: { type: "ttext", tagset: { unit: "none" } } },
  });
  expect(rows).toEqual([
    ["count", "tlong", at("03:00:00"), 9007199254740993n],
    ['t{unit="none"}', "ttext", at("03:00:00"), "on"],
  ]);
});

test("a bad row costs only itself, and its dead letter says where it stood", async () => {
  const text = [
    "time,a,b",
    "2020-01-02T03:00:00,1,2",
    "2020-01-02T03:00:01,1,oops",
    "2020-01-02T03:00:02,1",
    'not a time,1,"2,0"',
    "2020-01-02T03:00:04,5,6",
  ].join("\n");
  const { rows, letters, elements } = await read(text);
  expect(rows.map(([series, , , value]) => [series, value])).toEqual([
    ["a", 1],
    ["b", 2],
    ["a", 5],
    ["b", 6],
  ]);
  expect(letters).toEqual([
    ["VALUE_INVALID", 3, "2020-01-02T03:00:01,1,oops"],
    ["MESSAGE_INVALID", 4, "2020-01-02T03:00:02,1"],
    ["TIMESTAMP_INVALID", 5, 'not a time,1,"2,0"'],
  ]);
  const { tally } = elements.find((element) => element instanceof DeadLetterChunk)?.receipt ?? expect.fail();
  expect([tally.entered, tally.balanced]).toEqual([3, true]);
});

test("a header that lacks a column is an error with a suggestion", async () => {
  await expect(read("times,a\n")).rejects.toMatchObject({
    code: "SETTING_INVALID",
    message: expect.stringContaining('did you mean "times"?'),
    where: { file: path, line: 1 },
  });
});

test("a header with one name twice, and a file without a header, are errors", async () => {
  await expect(read("time,a,a\n")).rejects.toMatchObject({ code: "SETTING_INVALID" });
  await expect(read("")).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
});

test("a file that is not there, or is a folder, is an error when it is opened", async () => {
  const given = { time_column: "time" };
  await expect(runSource(csvSource, { ...given, path: join(folder, "no.csv") })).rejects.toMatchObject({
    code: "PATH_UNREADABLE",
  });
  await expect(runSource(csvSource, { ...given, path: folder })).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
});

test("a compressed file is inflated, and one that breaks off fails the stream", async () => {
  path = join(folder, "in.csv.gz");
  const text = `time,a\n${Array.from({ length: 5_000 }, (_, row) => `${row},${(row * 7919) % 1_000}`).join("\n")}\n`;
  const whole = gzipSync(text);
  await writeFile(path, whole);
  const given = { path, time_column: "time", time_format: "epoch_s" };
  const run = await runSource(csvSource, given);
  await run.done;
  expect(run.rows).toHaveLength(5_000);
  await writeFile(path, whole.subarray(0, whole.length / 2));
  await expect((await runSource(csvSource, given)).done).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
});

test("chunks hold at most 8,192 rows of the file, in its order", async () => {
  // Short ones: what is read of a file in one piece has more of them than a chunk.
  const values = Array.from({ length: 20_000 }, (_, row) => (row * row) % 10);
  const lines = values.map((value) => `0,${value}`);
  const { elements, rows } = await read(`time,a\n${lines.join("\n")}`, { time_format: "epoch_ms" });
  expect(Math.max(...elements.map(({ receipt }) => receipt.tally.entered))).toBe(chunkRowsMax);
  expect(rows.map(([, , , value]) => value)).toEqual(values);
});

test("a delimiter, a pattern and a zone are those of the settings", async () => {
  const { rows } = await read("time;a\n02.01.2020 03:00;1\n", {
    delimiter: ";",
    time_format: "dd.MM.yyyy HH:mm",
    timezone: "Europe/Brussels",
  });
  expect(rows).toEqual([["a", "tdouble", at("02:00:00"), 1]]);
});

test("a receipt that fails fails the stream", async () => {
  const lines = Array.from({ length: 100_000 }, (_, row) => `${row},${row}`);
  await writeFile(path, `time,a\n${lines.join("\n")}`);
  const run = await runSource(csvSource, { path, time_column: "time", time_format: "epoch_ms" });
  await until(() => run.elements.length > 0);
  run.elements[0]?.receipt.fail(new Error("the store is gone"));
  await expect(run.done).rejects.toThrow("the store is gone");
});

test("a second run of the stream reads the file from its start", async () => {
  await writeFile(path, "time,a\n1,1\n2,2\n");
  const context = testContext();
  const given = csvSource.settings.parse({ path, time_column: "time", time_format: "epoch_s" });
  const source = await csvSource.open(given, context);
  const system = new ActorSystem({ clock: context.clock });
  const rows = Sink.fold<SourceElement, number>(0, (sum, { receipt }) => sum + receipt.tally.entered);
  expect([await source.runWith(rows, system), await source.runWith(rows, system)]).toEqual([2, 2]);
  await rm(path);
  await expect(source.runWatched(Sink.ignore(), system).done).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
});

test("a stream that is stopped early reads no further", async () => {
  await writeFile(path, `time,a\n${"1,1\n".repeat(200_000)}`);
  const run = await runSource(csvSource, { path, time_column: "time", time_format: "epoch_s" });
  await until(() => run.elements.length > 0);
  run.stop();
  await run.done;
  expect(run.rows.length).toBeLessThan(200_000);
});
