import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { debianPackage, rootOf } from "./debian.ts";
import { probe } from "./probe.ts";
import type { Launch, Place, Service } from "./service.ts";

/** RabbitMQ. The user `guest`, with the password `guest`, may log in from this machine. */
export const rabbitmq: Service = {
  name: "rabbitmq",
  version: "of Debian",
  ports: ["amqp", "distribution", "epmd"],
  obtain: async (cache) => (await debianPackage(cache, "rabbitmq-server")).root,
  prepare,
  // The header of AMQP 0-9-1; the answer is a frame with the method Connection.Start.
  isReady: ({ ports }) =>
    probe(ports.amqp ?? 0, Uint8Array.of(0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1), (bytes) => bytes[0] === 1),
};

async function prepare({ home, folder, ports }: Place): Promise<Launch> {
  const data = join(folder, "data");
  const enabled = join(folder, "enabled_plugins");
  const configuration = join(folder, "rabbitmq.conf");
  await mkdir(data, { recursive: true });
  await writeFile(enabled, "[].\n");
  await writeFile(
    configuration,
    `listeners.tcp.default = 127.0.0.1:${ports.amqp}
vm_memory_high_watermark.absolute = 256MB
disk_free_limit.absolute = 50MB
log.console = true
log.console.level = warning
log.file = false
`,
  );
  const { path, env } = rootOf(home);
  const erlang = path("/usr/lib/erlang");
  const library = path("/usr/lib/rabbitmq/lib");
  const version = readdirSync(library).find((name) => name.startsWith("rabbitmq_server-")) ?? "";
  await relocateErlang(erlang);
  return {
    // Erlang's name service is started here, so that it ends with the server; one that Erlang starts would stay for ever.
    command: "/bin/sh",
    args: [
      "-c",
      'epmd -port "$ERL_EPMD_PORT" & "$0"; exit $?',
      join(library, version, "sbin", "rabbitmq-server"),
      folder,
    ],
    env: {
      ...env,
      PATH: `${join(erlang, "bin")}:${env.PATH}`,
      HOME: folder,
      RABBITMQ_HOME: join(library, version),
      RABBITMQ_CONF_ENV_FILE: join(folder, "none"),
      RABBITMQ_CONFIG_FILE: configuration,
      RABBITMQ_ENABLED_PLUGINS_FILE: enabled,
      RABBITMQ_MNESIA_BASE: data,
      RABBITMQ_LOG_BASE: folder,
      RABBITMQ_NODENAME: `millrace-${ports.amqp}@localhost`,
      RABBITMQ_NODE_PORT: String(ports.amqp),
      RABBITMQ_DIST_PORT: String(ports.distribution),
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
      ERL_EPMD_ADDRESS: "127.0.0.1",
      ERL_EPMD_PORT: String(ports.epmd),
    },
  };
}

/** The start script of Erlang names the folder that it was built for. */
async function relocateErlang(erlang: string): Promise<void> {
  const script = join(erlang, "bin", "erl");
  const text = await readFile(script, "utf8");
  const moved = text.replaceAll(/ROOTDIR=\/usr\/lib\/erlang$/gm, `ROOTDIR="${erlang}"`);
  if (moved !== text && erlang !== "/usr/lib/erlang") await writeFile(script, moved);
}
