import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { chunkRowsMax } from "../../../blocks/model/chunk-builder.ts";
import { DeadLetterChunk } from "../../../blocks/model/dead-letter.ts";
import { jsonlSource } from "../../../connectors/jsonl/source.ts";
import { until } from "../io-clock.ts";
import { runSource } from "../source-run.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "jsonl-source-"));
  path = join(folder, "in.jsonl");
});

afterEach(() => rm(folder, { recursive: true }));

const message = (metric: string, ...values: number[]) =>
  JSON.stringify({
    metric,
    tagset: {},
    type: "tdouble",
    values: values.map((value) => ["2020-01-02T03:04:05", value]),
  });

async function read(text: string | Uint8Array, given: object = {}) {
  await writeFile(path, text);
  const run = await runSource(jsonlSource, { path, ...given });
  await run.done;
  return run;
}

test("each line is a message, or an array of them", async () => {
  const { rows } = await read(`${message("a", 1, 2)}\n\n[${message("b", 3)},${message("c", 4)}]\n`);
  expect(rows.map(([series, , , value]) => [series, value])).toEqual([
    ["a", 1],
    ["a", 2],
    ["b", 3],
    ["c", 4],
  ]);
});

test("an empty file has nothing", async () => {
  expect((await read("")).elements).toEqual([]);
});

test("a bad line costs only itself, and its dead letter says where it stood", async () => {
  const run = await read(`${message("a", 1)}\n{"metric":\n\n{"metric":"b"}\n${message("c", 2)}`);
  expect(run.rows.map(([series]) => series)).toEqual(["a", "c"]);
  expect(run.letters).toEqual([
    ["MESSAGE_INVALID", 2, '{"metric":'],
    ["MESSAGE_INVALID", 4, '{"metric":"b"}'],
  ]);
  const { tally } = run.elements.find((element) => element instanceof DeadLetterChunk)?.receipt ?? expect.fail();
  expect([tally.entered, tally.balanced]).toEqual([2, true]);
});

test("a line that is too long, or no UTF-8, is a dead letter", async () => {
  const long = await read(`${message("a", 1)}\n${"x".repeat(2_000)}\n${message("b", 2)}\n`, { line_max: "1 KiB" });
  expect(long.letters.map(([code, line]) => [code, line])).toEqual([["SIZE_LIMIT", 2]]);
  expect(long.rows).toHaveLength(2);
  const binary = await read(Buffer.concat([Buffer.from([0xff, 10]), Buffer.from(message("a", 1))]));
  expect(binary.letters.map(([code, line]) => [code, line])).toEqual([["MESSAGE_INVALID", 1]]);
});

test("a compressed file is inflated", async () => {
  path = join(folder, "in.jsonl.gz");
  const lines = Array.from({ length: 5_000 }, (_, row) => message("a", row)).join("\n");
  expect((await read(new Uint8Array(gzipSync(lines)))).rows).toHaveLength(5_000);
});

test("a chunk ends with the line that brings it to 8,192 rows", async () => {
  const long = message("a", ...Array.from({ length: chunkRowsMax }, (_, row) => row));
  const { elements } = await read([message("a", 1), long, message("a", 2), message("a", 3), ""].join("\n"));
  expect(elements.map(({ receipt }) => receipt.tally.entered)).toEqual([1, chunkRowsMax, 2]);
});

test("a file that is not there is an error when it is opened", async () => {
  await expect(runSource(jsonlSource, { path: join(folder, "no.jsonl") })).rejects.toMatchObject({
    code: "PATH_UNREADABLE",
    message: expect.stringContaining("no.jsonl"),
  });
});

test("a receipt that fails fails the stream", async () => {
  await writeFile(path, Array.from({ length: 50_000 }, (_, row) => message("a", row)).join("\n"));
  const run = await runSource(jsonlSource, { path });
  await until(() => run.elements.length > 0);
  run.elements[0]?.receipt.fail(new Error("the store is gone"));
  await expect(run.done).rejects.toThrow("the store is gone");
});
