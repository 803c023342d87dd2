import { readFile } from "node:fs/promises";
import { Command } from "commander";
import { services } from "./catalogue.ts";
import { down, logOf, status, up } from "./control.ts";

const all = services.map(({ name }) => name);

const program = new Command("services").description(
  `Starts real servers for the tests, without Docker: ${all.join(", ")}. "name.instance" is one more of a kind.`,
);

program
  .command("up")
  .description("start servers and wait until they are ready; those that run are left alone")
  .argument("<names...>", "services, or all")
  .action(async (names: string[]) => {
    // One after the other: two that start at once on a small machine take longer than both in turn.
    for (const name of named(names)) {
      const { version, host, ports } = await up(name);
      console.log(line(name, version, host, ports));
    }
  });

program
  .command("down")
  .description("stop servers and remove their data")
  .argument("[names...]", "services; all without any")
  .option("--keep", "keep the data for the next start")
  .action(async (names: string[], { keep = false }: { keep?: boolean }) => {
    for (const name of named(names)) await down(name, { keep });
  });

program
  .command("status")
  .description("say which servers run, and where; exits with 1 when one of those named does not")
  .argument("[names...]", "services; all without any")
  .option("--json", "print JSON")
  .action(async (names: string[], { json = false }: { json?: boolean }) => {
    const found = await Promise.all(named(names).map(async (name) => [name, await status(name)] as const));
    if (json) console.log(JSON.stringify(Object.fromEntries(found.filter(([, running]) => running !== undefined))));
    else {
      for (const [name, running] of found) {
        console.log(running ? line(name, running.version, running.host, running.ports) : `${name}: not running`);
      }
    }
    if (names.length > 0 && found.some(([, running]) => running === undefined)) process.exitCode = 1;
  });

program
  .command("logs")
  .description("print the log of a server")
  .argument("<name>")
  .action(async (name: string) => {
    process.stdout.write(await readFile(logOf(name), "utf8").catch(() => `${name} has not been started\n`));
  });

const named = (names: readonly string[]) => (names.length === 0 || names.includes("all") ? all : names);

function line(name: string, version: string, host: string, ports: Readonly<Record<string, number>>): string {
  const addresses = Object.entries(ports).map(([port, number]) => `${port} ${host}:${number}`);
  return `${name}: ${version} ready, ${addresses.join(", ")}`;
}

program.parseAsync().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 3;
});
