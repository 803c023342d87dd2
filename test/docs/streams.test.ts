import { writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root, temporaryFolder } from "../millrace-process.ts";
import { fences, handbook } from "./handbook.ts";

const page = handbook().filter(({ path }) => path === "docs/streams.md");
const [scripts, outputs] = [fences("js", page), fences("text", page)];

test("the page shows what each of its scripts prints", () => {
  expect(scripts.length).toBeGreaterThan(1);
  expect(outputs.length).toBe(scripts.length);
});

test.each(scripts.map(({ text }, index) => [index, text] as const))(
  "script %i of the page on streams prints what the page says",
  async (index, text) => {
    const script = join(temporaryFolder(), "streams.mjs");
    const door = pathToFileURL(join(root, "millrace.ts")).href;
    const imported = text
      .replace('"millrace"', JSON.stringify(door))
      .replace('"rxjs"', JSON.stringify(import.meta.resolve("rxjs")));
    writeFileSync(script, imported);
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", import.meta.resolve("tsx"), script]);
    expect(stdout).toBe(outputs[index]?.text);
  },
);
