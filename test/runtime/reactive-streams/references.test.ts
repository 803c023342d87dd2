import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("a cancelled publisher forgets its subscriber, and a finished stream is forgotten: rule 3.13", () => {
  const script = fileURLToPath(new URL("references-process.ts", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", script], { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual({
    "cancelled subscriber": "collected",
    "cancelled subscriber of a fan-out": "collected",
    "failed subscriber": "collected",
    "elements of a completed stream": "collected",
    "elements of a cancelled buffer": "collected",
    "logic of a stopped run": "collected",
    "subscriber that stays": "kept",
  });
});
