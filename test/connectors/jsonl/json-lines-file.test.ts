import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { JsonLinesFile } from "../../../connectors/jsonl/json-lines-file.ts";

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "json-lines-"));
  path = join(folder, "out.jsonl");
});

afterEach(() => rm(folder, { recursive: true }));

async function reopened(before: string): Promise<string> {
  await writeFile(path, before);
  const file = await JsonLinesFile.open(path);
  await file.append('{"new":1}\n');
  await file.close();
  return readFile(path, "utf8");
}

test("lines are appended to what is there", async () => {
  expect(await reopened('{"old":1}\n')).toBe('{"old":1}\n{"new":1}\n');
});

test("a new file holds what was appended", async () => {
  const file = await JsonLinesFile.open(path);
  await file.append('{"a":1}\n{"b":2}\n');
  await file.append('{"c":3}\n');
  await file.close();
  expect(await readFile(path, "utf8")).toBe('{"a":1}\n{"b":2}\n{"c":3}\n');
});

test("a torn last line is cut off", async () => {
  expect(await reopened('{"old":1}\n{"tor')).toBe('{"old":1}\n{"new":1}\n');
});

test("a torn line that is the whole file is cut off", async () => {
  expect(await reopened('{"tor')).toBe('{"new":1}\n');
});

test("a last line that only lacks its end is completed", async () => {
  expect(await reopened('{"old":1}\n{"older":2}')).toBe('{"old":1}\n{"older":2}\n{"new":1}\n');
});

test("a torn line longer than one read is cut off whole", async () => {
  expect(await reopened(`{"old":1}\n{"torn":"${"x".repeat(200_000)}`)).toBe('{"old":1}\n{"new":1}\n');
});

test("an append that reaches the maximum stays in the file, one byte more renames the file first", async () => {
  const file = await JsonLinesFile.open(path, 20);
  await file.append("123456789\n");
  await file.append("abcdefghi\n");
  expect(await readFile(path, "utf8")).toBe("123456789\nabcdefghi\n");
  await file.append("1\n");
  await file.close();
  expect(await readFile(path, "utf8")).toBe("1\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("123456789\nabcdefghi\n");
});

test("however much is appended, only two files of the maximum remain", async () => {
  const file = await JsonLinesFile.open(path, 100);
  for (let line = 0; line < 100; line++) await file.append(`{"line":${line}}\n`);
  await file.close();
  expect((await stat(path)).size).toBeLessThanOrEqual(100);
  expect((await stat(`${path}.1`)).size).toBeLessThanOrEqual(100);
  expect(await readFile(path, "utf8")).toContain('{"line":99}');
});

test("the size of what was there counts towards the maximum", async () => {
  await writeFile(path, "123456789\n");
  const file = await JsonLinesFile.open(path, 12);
  await file.append("abc\n");
  await file.close();
  expect(await readFile(path, "utf8")).toBe("abc\n");
});

test("whoever has the file open follows when another renames it, and no line is lost", async () => {
  const one = await JsonLinesFile.open(path, 8);
  const other = await JsonLinesFile.open(path, 8);
  await other.append("aaa\n");
  await one.append("bbbbbb\n");
  await other.append("c\n");
  await one.append("dddd\n");
  expect([await readFile(`${path}.1`, "utf8"), await readFile(path, "utf8")]).toEqual(["bbbbbb\n", "c\ndddd\n"]);
  await Promise.all([one.close(), other.close()]);
});

test("a folder that is not there is made; one that cannot be is one clear error", async () => {
  const file = await JsonLinesFile.open(join(folder, "missing", "out.jsonl"));
  await file.close();
  const below = join(folder, "missing", "out.jsonl", "deeper", "out.jsonl");
  await expect(JsonLinesFile.open(below)).rejects.toMatchObject({ code: "PATH_UNREADABLE" });
});
