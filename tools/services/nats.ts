import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianPackage, rootOf } from "./debian.ts";
import { probe } from "./probe.ts";
import type { Launch, Place, Service } from "./service.ts";

/** NATS with JetStream. */
export const nats: Service = {
  name: "nats",
  version: "of Debian",
  ports: ["client"],
  obtain: async (cache) => (await debianPackage(cache, "nats-server")).root,
  prepare,
  // It speaks first.
  isReady: ({ ports }) => probe(ports.client ?? 0, new Uint8Array(), (bytes) => bytes.toString().startsWith("INFO ")),
};

async function prepare({ home, folder, ports }: Place): Promise<Launch> {
  const configuration = join(folder, "nats.conf");
  await writeFile(
    configuration,
    `host: 127.0.0.1
port: ${ports.client}
jetstream { store_dir: "${join(folder, "data")}", max_memory_store: 64MB, max_file_store: 2GB }
`,
  );
  const { path, env } = rootOf(home);
  return { command: path("/usr/sbin/nats-server"), args: ["-c", configuration], env };
}
