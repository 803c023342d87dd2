import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { onTestFinished } from "vitest";

/** The root of the project. */
export const root = fileURLToPath(new URL("..", import.meta.url));

// Resolved here, so that the command can run in any folder.
const tsx = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
/** What Node runs as the command. */
export const commandLine = ["--import", tsx, join(root, "cli/main.ts")];

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end. */
export async function millrace(
  args: readonly string[],
  environment: Record<string, string> = {},
  cwd = root,
): Promise<Finished> {
  return finished(startMillrace(args, environment, cwd));
}

/** Starts the command; it is killed when the test ends, at the latest. */
export function startMillrace(
  args: readonly string[],
  environment: Record<string, string> = {},
  cwd = root,
): ChildProcess {
  const child = spawn(process.execPath, [...commandLine, ...args], {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  return child;
}

export async function finished(child: ChildProcess): Promise<Finished> {
  const output = { stdout: "", stderr: "" };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

/** Resolves once the child has printed something that matches on stderr. */
export async function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  return new Promise((resolve, reject) => {
    child.stderr?.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      if (pattern.test(text)) resolve(text);
    });
    child.once("close", (code) => reject(new Error(`the command ended with code ${code}: ${text}`)));
  });
}

/** A folder that is gone when the test ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A port of the loopback interface that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
