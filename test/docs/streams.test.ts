import { writeFileSync } from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { root, temporaryFolder } from "../millrace-process.ts";
import { fences, handbook } from "./handbook.ts";

const page = handbook().filter(({ path }) => path === "docs/streams.md");
const only = (language: string) => fences(language, page)[0]?.text ?? "";

test("the streams of the handbook give what the page says", async () => {
  const script = join(temporaryFolder(), "streams.mjs");
  const door = pathToFileURL(join(root, "millrace.ts")).href;
  writeFileSync(script, only("js").replace('"millrace"', JSON.stringify(door)));
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", import.meta.resolve("tsx"), script]);
  expect(stdout).toBe(only("text"));
});
