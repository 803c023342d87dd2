import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { freePort, printed, root, temporaryFolder } from "../millrace-process.ts";
import { handbook } from "./handbook.ts";

const run = promisify(execFile);
const page = handbook().find(({ path }) => path === "docs/quickstart.md")?.text ?? "";
/** Each command with the output that follows it, where the page shows it. */
const steps = [...page.matchAll(/^```sh\n([\s\S]*?)^```$(?:[^`]*?^```(?:json|text)\n([\s\S]*?)^```$)?/gm)].map(
  ([, command = "", output]) => ({ command: command.trim(), output: output?.trim() }),
);

test("the quickstart works as its page says, from the first command to the stop", async () => {
  const port = String(await freePort());
  // A folder of its own, since the graph keeps its data under the working directory.
  const cwd = temporaryFolder();
  const engine = start(port, cwd);
  await printed(engine, /Ctrl-C stops it/);
  const [, ...afterStart] = steps;
  expect(afterStart.length).toBeGreaterThan(5);
  for (const { command, output } of afterStart) {
    for (const line of linesOf(command, port)) {
      const { stdout } = await run("sh", ["-c", line], { cwd });
      if (output !== undefined) expect(stdout.trim(), line).toBe(output);
      else expect(stdout, line).not.toBe("");
    }
  }
  engine.kill("SIGTERM");
  expect((await once(engine, "close"))[0]).toBe(0);
}, 120_000);

const command = `"${process.execPath}" --import "${import.meta.resolve("tsx")}" "${join(root, "cli/main.ts")}"`;

/** The commands of a block as this machine runs them; one that begins with curl may span lines. */
function linesOf(text: string, port: string): string[] {
  const lines = text.startsWith("curl") ? [text] : text.split("\n");
  return lines.map((line) =>
    line
      .replace(/^npx millrace\b/, command)
      .replaceAll("config/quickstart.yaml", join(root, "config/quickstart.yaml"))
      .replaceAll("8081", port),
  );
}

function start(port: string, cwd: string): ChildProcess {
  const args = ["--import", import.meta.resolve("tsx"), join(root, "cli/main.ts"), "run"];
  const child = spawn(process.execPath, [...args, join(root, "config/quickstart.yaml")], {
    cwd,
    env: { ...process.env, MILLRACE_PORT: port },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}
