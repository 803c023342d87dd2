import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const isRun = (name: string) => /^(run|consumer) of /.test(name);

test("a cancelled publisher forgets its subscriber, and every operator, sink and hub its finished runs: rule 3.13", () => {
  const script = fileURLToPath(new URL("references-process.ts", import.meta.url));
  const output = execFileSync(process.execPath, ["--expose-gc", "--import", "tsx", script], { encoding: "utf8" });
  const found = JSON.parse(output) as Record<string, string>;
  const runs = Object.entries(found).filter(([name]) => isRun(name));
  expect(runs.length).toBeGreaterThan(200);
  expect(runs.filter(([, fate]) => fate !== "collected")).toEqual([]);
  expect(Object.fromEntries(Object.entries(found).filter(([name]) => !isRun(name)))).toEqual({
    "cancelled subscriber": "collected",
    "cancelled subscriber of a fan-out": "collected",
    "failed subscriber": "collected",
    "elements of a completed stream": "collected",
    "elements of a cancelled buffer": "collected",
    "logic of a stopped run": "collected",
    "subscriber that stays": "kept",
  });
});
