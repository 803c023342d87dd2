import { Buffer } from "node:buffer";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, linesOf } from "../../../connectors/jsonl/lines.ts";

async function* pieces(...parts: (string | Buffer)[]): AsyncGenerator<Buffer> {
  for (const part of parts) yield Buffer.from(part as string);
}

async function read(input: AsyncIterable<Buffer>, lineBytesMax = 100): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const some of linesOf(input, lineBytesMax)) lines.push(...some);
  return lines;
}

test("lines come with their numbers, and blank ones are left out", async () => {
  expect(await read(pieces("a\n\n  \r\nb\r\nc"))).toEqual([
    { number: 1, text: "a" },
    { number: 4, text: "b" },
    { number: 5, text: "c" },
  ]);
});

test("nothing gives no lines", async () => {
  expect(await read(pieces())).toEqual([]);
});

test("a byte order mark at the start is skipped, and only there", async () => {
  expect(await read(pieces("\ufeffa\n\ufeffb\n"))).toEqual([
    { number: 1, text: "a" },
    { number: 2, text: "\ufeffb" },
  ]);
});

test("a line of the maximum is read, one byte more is a fault, and the next line is good again", async () => {
  const lines = await read(pieces("12345\n123", "456\n", "7\n"), 5);
  expect(lines.map(({ number, text, fault }) => [number, text, fault?.code])).toEqual([
    [1, "12345", undefined],
    [2, "123456", "SIZE_LIMIT"],
    [3, "7", undefined],
  ]);
});

test("a line far beyond the maximum shows its first characters and its length", async () => {
  const [line] = await read(pieces(...Array.from({ length: 50 }, () => "x".repeat(100))), 150);
  expect(line?.text).toHaveLength(200);
  expect(line?.fault?.reason).toContain("it is 5000");
});

test("a line that is not UTF-8 is a fault, and the next line is good again", async () => {
  const lines = await read(pieces(Buffer.from([0x61, 0xff, 10, 0x62, 10])));
  expect(lines.map(({ fault }) => fault?.code)).toEqual(["MESSAGE_INVALID", undefined]);
});

test("where the pieces are cut does not matter", async () => {
  const text = fc.array(fc.string({ unit: "grapheme", maxLength: 8 })).map((lines) => lines.join("\n"));
  await fc.assert(
    fc.asyncProperty(text, fc.array(fc.nat(60), { maxLength: 6 }), async (whole, cuts) => {
      const bytes = Buffer.from(whole);
      const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      const parts = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
      expect(await read(pieces(...parts))).toEqual(await read(pieces(whole)));
    }),
  );
});
