import { mkdir, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { debianPackage, rootOf } from "./debian.ts";
import { probe } from "./probe.ts";
import type { Launch, Place, Service } from "./service.ts";

/** Mosquitto, which lets everybody in. */
export const mosquitto: Service = {
  name: "mosquitto",
  version: "of Debian",
  ports: ["mqtt"],
  obtain: async (cache) => (await debianPackage(cache, "mosquitto")).root,
  prepare,
  // CONNECT of MQTT 3.1.1 with the client id "p"; the answer is CONNACK.
  isReady: ({ ports }) =>
    probe(
      ports.mqtt ?? 0,
      Uint8Array.of(0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 30, 0, 1, 0x70),
      (bytes) => bytes[0] === 0x20,
    ),
};

async function prepare({ home, folder, ports }: Place): Promise<Launch> {
  const configuration = join(folder, "mosquitto.conf");
  await mkdir(join(folder, "data"), { recursive: true });
  await writeFile(
    configuration,
    `listener ${ports.mqtt} 127.0.0.1
allow_anonymous true
persistence true
persistence_location ${join(folder, "data")}/
user ${userInfo().username}
`,
  );
  const { path, env } = rootOf(home);
  return { command: path("/usr/sbin/mosquitto"), args: ["-c", configuration], env };
}
