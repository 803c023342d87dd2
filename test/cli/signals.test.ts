import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { finished, printed, root, startMillrace, temporaryFolder } from "../millrace-process.ts";

/** A graph that cannot be emptied: its buffer is in memory, and its sink, of a plugin, never gets done with its first element. */
function stuckGraph(stopTimeout: string): string {
  const folder = temporaryFolder();
  const door = JSON.stringify(pathToFileURL(join(root, "plugin.ts")).href);
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(
    join(folder, "stuck.js"),
    `import { defineSink, record, Sink } from ${door};
export const stuck = defineSink({
  type: "stuck", summary: "Never done.", accepts: ["observations"], settings: record({}),
  open: async () => Sink.foreachAsync(1, () => new Promise(() => {})),
});`,
  );
  const file = join(folder, "graph.yaml");
  writeFileSync(
    file,
    `plugins: [./stuck.js]
stop_timeout: ${stopTimeout}
sources:
  sensors: { type: random, interval: 1 ms, metric: [a] }
buffers:
  raw: { type: memory, from: sensors }
sinks:
  out: { type: stuck, from: raw }
dead_letters: { path: ${JSON.stringify(join(folder, "dead-letters"))} }
`,
  );
  return file;
}

test("a second signal ends at once what the first one is still stopping", async () => {
  const child = startMillrace(["run", stuckGraph("10 minutes")]);
  const ended = finished(child);
  await printed(child, /data points in/);
  child.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(child.exitCode).toBe(null);
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toContain("Ended at once by a second SIGTERM");
});

test("one signal ends it within stop_timeout, whatever is stuck, and says what that means", async () => {
  const child = startMillrace(["run", stuckGraph("1 second")]);
  const ended = finished(child);
  await printed(child, /data points in/);
  child.kill("SIGTERM");
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr).toContain("what durable buffers hold is read again at the next start");
  expect(stderr).toMatch(/Data points in buffers in memory are lost .*rows=[1-9]/);
});
