import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { jsonlSink } from "../../../connectors/jsonl/sink.ts";
import { ioClock, until } from "../io-clock.ts";
import { deadLetter, newFates, observations, runSink } from "../sink-run.ts";
import { testContext } from "../source-run.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jsonl-sink-"));
  path = join(folder, "out.jsonl");
});

afterEach(() => rm(folder, { recursive: true, force: true }));

async function openSink(given: object = {}) {
  return jsonlSink.open(jsonlSink.settings.parse({ path, ...given }), testContext());
}

const lines = async (file = path) => (await readFile(file, "utf8")).split("\n").slice(0, -1);

test("elements are appended, and receipts are released when they are on the disk", async () => {
  const fates = newFates();
  const run = runSink(await openSink(), ioClock());
  run.offer(observations(fates, 1));
  run.offer(deadLetter(fates));
  run.materialized.complete();
  await run.done;
  expect((await lines()).map((line) => Object.keys(JSON.parse(line))[0])).toEqual(["metric", "node"]);
  expect(fates.settled.map((tally) => [tally.durable, tally.balanced])).toEqual([
    [1, true],
    [0, true],
  ]);
});

test("nothing leaves an empty file", async () => {
  const run = runSink(await openSink(), ioClock());
  run.materialized.complete();
  await run.done;
  expect(await readFile(path, "utf8")).toBe("");
});

test("a second run adds to the file, after what a crash tore", async () => {
  await writeFile(path, '{"old":1}\n{"tor');
  const sink = await openSink();
  for (const value of [1, 2]) {
    const run = runSink(sink, ioClock());
    run.offer(observations(newFates(), value));
    run.materialized.complete();
    await run.done;
  }
  expect((await lines()).map((line) => JSON.parse(line).values?.[0][1])).toEqual([undefined, 1, 2]);
});

test("many elements come out in order", async () => {
  const fates = newFates();
  const run = runSink(await openSink(), ioClock());
  for (let value = 0; value < 1_000; value++) run.offer(observations(fates, value));
  run.materialized.complete();
  await run.done;
  expect((await lines()).map((line) => JSON.parse(line).values[0][1])).toEqual(
    Array.from({ length: 1_000 }, (_, value) => value),
  );
  expect(fates.settled).toHaveLength(1_000);
});

test("what had arrived is written before a failure of the stream is passed on", async () => {
  const fates = newFates();
  const run = runSink(await openSink(), ioClock());
  run.offer(observations(fates, 1));
  await until(() => fates.settled.length === 1);
  run.materialized.fail(new Error("upstream broke"));
  await expect(run.done).rejects.toThrow("upstream broke");
  expect(await lines()).toHaveLength(1);
  expect(fates.settled).toHaveLength(1);
});

test("a file that reached its maximum is renamed", async () => {
  const run = runSink(await openSink({ max_bytes: "100 B" }), ioClock());
  const fates = newFates();
  for (const value of [1, 2]) {
    run.offer(observations(fates, value));
    await until(() => fates.settled.length === value);
  }
  run.materialized.complete();
  await run.done;
  expect([await lines(`${path}.1`), await lines()].map((all) => all.length)).toEqual([1, 1]);
});

test("a folder that cannot be made is an error when it is opened", async () => {
  await writeFile(join(folder, "file"), "");
  await expect(openSink({ path: join(folder, "file", "out.jsonl") })).rejects.toMatchObject({
    code: "PATH_UNREADABLE",
  });
});

test("a file that cannot be written fails the receipts and the stream", async () => {
  const fates = newFates();
  const run = runSink(await openSink({ max_bytes: "100 B" }), ioClock());
  run.offer(observations(fates, 1));
  await until(() => fates.settled.length === 1);
  // The rename of the next batch finds no folder.
  await rm(folder, { recursive: true });
  run.offer(observations(fates, 2));
  await expect(run.done).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
  expect([fates.settled.length, fates.failed.length]).toEqual([1, 1]);
});
