import { createServer } from "node:net";

/** Below the range from which systems take ports for outgoing connections, so that none of those can be in the way. */
const first = 20_000;
const last = 32_000;

/**
 * Free ports of the loopback address, one for each name.
 *
 * @param seed Where the search starts: services of other folders search elsewhere.
 */
export async function freePorts(names: readonly string[], seed: string): Promise<Record<string, number>> {
  const ports: Record<string, number> = {};
  let candidate = first + (hash(seed) % (last - first));
  for (const name of names) {
    let tries = 0;
    while (!(await isFree(candidate))) {
      if (++tries > last - first) throw new Error(`Cannot find a free port as one from ${first} to ${last} is needed`);
      candidate = next(candidate);
    }
    ports[name] = candidate;
    candidate = next(candidate);
  }
  return ports;
}

const next = (port: number) => (port + 1 < last ? port + 1 : first);

function hash(text: string): number {
  let value = 0;
  for (const byte of Buffer.from(text)) value = (Math.imul(value, 31) + byte) >>> 0;
  return value;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
