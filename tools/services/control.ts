import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { services } from "./catalogue.ts";
import { alone } from "./lock.ts";
import { end, isAlive, signal, startDetached } from "./own-process.ts";
import { freePorts } from "./ports.ts";
import { folderOf, lastRunning, type Running, servicesFolder } from "./running.ts";
import type { Place, Service } from "./service.ts";

const readyTimeoutMs = 180_000;
const stopPatienceMs = 20_000;

/** Where the log of a server is. */
export const logOf = (name: string) => join(folderOf(name), "server.log");

/**
 * Starts a server and returns when it is ready. One that runs is left alone.
 *
 * @param name A service of the catalogue, or `service.instance` for one more of it.
 * @throws {Error} whose message says what is missing, or how the log ends.
 */
export async function up(name: string): Promise<Running> {
  const service = serviceOf(name);
  return await alone(`${folderOf(name)}.lock`, async () => {
    const home = await service.obtain(servicesFolder());
    // An earlier `up` may have been interrupted: what it started is waited for.
    const running = (await status(name)) ?? (await start(service, name, home));
    await untilReady(service, { home, folder: running.folder, ports: running.ports }, running.pid);
    return running;
  });
}

/** Stops a server and removes what it wrote, except when told to keep it for the next `up`. */
export async function down(name: string, { keep = false } = {}): Promise<void> {
  serviceOf(name);
  await alone(`${folderOf(name)}.lock`, async () => {
    const running = lastRunning(name);
    const folder = folderOf(name);
    if (running !== undefined) await end(running.pid, folder, stopPatienceMs);
    await rm(keep ? join(folder, "running.json") : folder, { recursive: true, force: true });
  });
}

/** Sends a signal to a server that runs: a crash, a stop, a continuation. */
export async function tell(name: string, what: NodeJS.Signals): Promise<void> {
  const running = await status(name);
  if (running === undefined) throw new Error(`Cannot signal ${name} as it does not run`);
  signal(running.pid, what);
  while (what === "SIGKILL" && (await isAlive(running.pid, running.folder))) await sleep(20);
}

/** A server that lives; undefined for one that does not. */
export async function status(name: string): Promise<Running | undefined> {
  const running = lastRunning(name);
  return running !== undefined && (await isAlive(running.pid, running.folder)) ? running : undefined;
}

async function start(service: Service, name: string, home: string): Promise<Running> {
  const folder = folderOf(name);
  await mkdir(folder, { recursive: true });
  const ports = await portsOf(service, folder);
  const pid = await startDetached(await service.prepare({ home, folder, ports }), folder, logOf(name));
  const running: Running = { service: name, version: service.version, pid, host: "127.0.0.1", ports, folder };
  await writeFile(join(folder, "running.json"), `${JSON.stringify(running, undefined, 2)}\n`);
  return running;
}

function serviceOf(name: string): Service {
  const [base] = name.split(".");
  const found = services.find((service) => service.name === base);
  if (found !== undefined && /^[a-z0-9-]+(\.[a-z0-9-]+)?$/.test(name)) return found;
  const known = services.map((service) => service.name).join(", ");
  throw new Error(`Cannot find the service "${name}" as it must be one of ${known}`);
}

/** The ports of the last start in this folder, so that clients find a server again after a crash. */
async function portsOf(service: Service, folder: string): Promise<Record<string, number>> {
  const path = join(folder, "ports.json");
  const kept = await readFile(path, "utf8").then(
    (text) => JSON.parse(text) as Record<string, number>,
    () => undefined,
  );
  if (kept !== undefined) return kept;
  const ports = await freePorts(service.ports, folder);
  await writeFile(path, JSON.stringify(ports));
  return ports;
}

async function untilReady(service: Service, place: Place, pid: number): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await service.isReady(place))) {
    const died = !(await isAlive(pid, place.folder));
    if (!died && Date.now() < deadline) {
      await sleep(100);
      continue;
    }
    signal(pid, "SIGKILL");
    const log = await readFile(join(place.folder, "server.log"), "utf8").catch(() => "");
    const why = died ? "it ended" : `it was not ready within ${readyTimeoutMs / 1000} seconds`;
    throw new Error(`Cannot start ${service.name} as ${why}:\n${log.trim().split("\n").slice(-15).join("\n")}`);
  }
}
