import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "./command.ts";
import type { Launch } from "./service.ts";

/** Starts a process that outlives this one, with a group of its own and a log file for what it prints. */
export function startDetached({ command, args, env }: Launch, folder: string, log: string): Promise<number> {
  const file = openSync(log, "a");
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ["ignore", file, file],
    });
    child.once("error", reject);
    child.once("spawn", () => {
      child.unref();
      resolve(child.pid ?? -1);
    });
  });
}

/** Whether the process lives and is ours: its command line names the folder. A number may belong to another one after a restart. */
export async function isAlive(pid: number, folder: string): Promise<boolean> {
  const { code, output } = await run("ps", ["-ww", "-o", "stat=,command=", "-p", String(pid)]);
  return code === 0 && !output.trim().startsWith("Z") && output.includes(folder);
}

/** Sends a signal to all processes of the group. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Ends the process: asks, and after `patienceMs` insists. */
export async function end(pid: number, folder: string, patienceMs: number): Promise<void> {
  if (!(await isAlive(pid, folder))) return;
  signal(pid, "SIGTERM");
  const deadline = Date.now() + patienceMs;
  while (await isAlive(pid, folder)) {
    if (Date.now() > deadline) signal(pid, "SIGKILL");
    await sleep(100);
  }
  // Helpers that it started and left behind.
  signal(pid, "SIGKILL");
}
