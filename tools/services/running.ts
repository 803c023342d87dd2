import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What is known of a server that was started: enough to reach it, to stop it and to start it again. */
export interface Running {
  readonly service: string;
  readonly version: string;
  readonly pid: number;
  readonly host: "127.0.0.1";
  readonly ports: Readonly<Record<string, number>>;
  readonly folder: string;
}

const checkout = fileURLToPath(new URL("../..", import.meta.url));

/** Everything that is fetched and written: `MILLRACE_SERVICES`, or a folder of the user's cache. */
export function servicesFolder(): string {
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return process.env.MILLRACE_SERVICES || join(cache, "millrace-services");
}

/** The folder of one server. Each checkout has its own servers. */
export function folderOf(name: string): string {
  const owner = createHash("sha256").update(checkout).digest("hex").slice(0, 12);
  return join(servicesFolder(), "run", owner, name);
}

/** What was written about a server when it was started; undefined where it was not, or was stopped since. */
export function lastRunning(name: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(join(folderOf(name), "running.json"), "utf8")) as Running;
  } catch {
    return undefined;
  }
}
