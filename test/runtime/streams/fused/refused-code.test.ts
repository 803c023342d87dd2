import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

test("a process that refuses code from strings runs the same stream", async () => {
  const script = fileURLToPath(new URL("busy-stream.ts", import.meta.url));
  const loader = ["--import", import.meta.resolve("tsx")];
  const outputs = await Promise.all(
    [[], ["--disallow-code-generation-from-strings"]].map(async (flags) => {
      const { stdout } = await run(process.execPath, [...flags, ...loader, script]);
      return JSON.parse(stdout) as { refused: boolean; sums: number[] };
    }),
  );
  expect(outputs.map(({ refused }) => refused)).toEqual([false, true]);
  expect(outputs[0]?.sums).toHaveLength(3);
  expect(outputs[1]?.sums).toEqual(outputs[0]?.sums);
}, 30_000);
