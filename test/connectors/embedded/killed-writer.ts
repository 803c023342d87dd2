import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/**
 * Runs a script of this folder and kills it with SIGKILL when it has printed `linesMax` lines.
 *
 * @returns every whole line that it printed until its end.
 */
export async function linesUntilKilled(script: string, args: readonly string[], linesMax: number): Promise<string[]> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", path, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: string[] = [];
  const exited = once(child, "exit");
  for await (const line of createInterface(child.stdout)) {
    if (lines.push(line) === linesMax) child.kill("SIGKILL");
  }
  await exited;
  return lines;
}
