import { Buffer } from "node:buffer";
import { PassThrough, Readable } from "node:stream";
import { expect, test } from "vitest";
import { type CsvRow, CsvRows } from "../../../connectors/csv/rows.ts";

const rowsOf = (text: string, rowBytesMax = 1_000, delimiter = ",") =>
  new CsvRows("test.csv", Readable.from([Buffer.from(text)]), delimiter, rowBytesMax);

async function all(rows: CsvRows, rowsMax = 100): Promise<CsvRow[]> {
  const found: CsvRow[] = [];
  for (;;) {
    const read = await rows.read(rowsMax);
    if (read === undefined) return found;
    found.push(...read);
  }
}

const cellsOf = async (text: string) => (await all(rowsOf(text))).map(({ cells }) => cells);

test("rows come with the line at which they start", async () => {
  expect(await all(rowsOf('a,b\n\n1,"x\r\ny"\n2,z'))).toEqual([
    { line: 1, cells: ["a", "b"] },
    { line: 3, cells: ["1", "x\r\ny"] },
    { line: 5, cells: ["2", "z"] },
  ]);
});

test("rows may end with any of the three line endings", async () => {
  for (const end of ["\n", "\r\n", "\r"]) {
    expect(await all(rowsOf(["a,b", "1,2", "3,4", ""].join(end)))).toEqual([
      { line: 1, cells: ["a", "b"] },
      { line: 2, cells: ["1", "2"] },
      { line: 3, cells: ["3", "4"] },
    ]);
  }
});

test("a byte order mark is skipped, quotes are undone, and rows may differ in width", async () => {
  expect(await cellsOf('\ufeffa,"b ""c"""\n1\n1,2,3')).toEqual([["a", 'b "c"'], ["1"], ["1", "2", "3"]]);
});

test("a quote inside a cell without quotes stands for itself", async () => {
  expect(await cellsOf('5" pipe,1\n2,3')).toEqual([
    ['5" pipe', "1"],
    ["2", "3"],
  ]);
});

test("a file without rows has none", async () => {
  expect(await all(rowsOf(""))).toEqual([]);
});

test("a read brings no more rows than asked for", async () => {
  const rows = rowsOf("a\n1\n2\n3\n");
  expect(await rows.read(2)).toHaveLength(2);
  expect(await rows.read(2)).toHaveLength(2);
  expect(await rows.read(2)).toBeUndefined();
});

test("a quote that is not closed costs the row it begins in, which comes last with its fault", async () => {
  const rows = await all(rowsOf('a,b\n1,2\n"3,4\n5,6\n'));
  expect(rows.slice(0, 2).map(({ cells }) => cells)).toEqual([
    ["a", "b"],
    ["1", "2"],
  ]);
  expect(rows[2]).toMatchObject({ line: 3, fault: expect.stringContaining("quote") });
  expect(rows).toHaveLength(3);
});

test("a row that is too long ends the file with an error, after the rows before it", async () => {
  const rows = rowsOf(`a,b\n1,2\n"${"x".repeat(60)}\n3,4\n`, 50);
  expect(await rows.read(100)).toHaveLength(2);
  await expect(rows.read(100)).rejects.toMatchObject({ code: "SIZE_LIMIT", where: { file: "test.csv", line: 3 } });
});

test("an input that fails fails the read", async () => {
  const input = new PassThrough();
  const rows = new CsvRows("test.csv", input, ",", 1_000);
  const read = rows.read(1);
  input.destroy(new Error("the disk is gone"));
  await expect(read).rejects.toMatchObject({
    code: "PATH_UNREADABLE",
    message: expect.stringContaining("disk is gone"),
  });
});

test("what is there is given without waiting for more", async () => {
  const input = new PassThrough();
  const rows = new CsvRows("test.csv", input, ",", 1_000);
  // The parser looks a few bytes ahead, for a line ending of two.
  input.write("a,b\n1,2\n3,333");
  expect(await rows.read(100)).toHaveLength(2);
  input.end("4\n");
  expect(await rows.read(100)).toEqual([{ line: 3, cells: ["3", "3334"] }]);
});

test("a read that waits ends when the rows are closed", async () => {
  const rows = new CsvRows("test.csv", new PassThrough(), ",", 1_000);
  const read = rows.read(1);
  rows.close();
  expect(await read).toBeUndefined();
});
