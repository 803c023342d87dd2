import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { parse } from "yaml";
import { services } from "../../tools/services/catalogue.ts";
import { run } from "../../tools/services/command.ts";
import { down, status, tell, up } from "../../tools/services/control.ts";
import { alone } from "../../tools/services/lock.ts";
import { freePorts } from "../../tools/services/ports.ts";
import { probe } from "../../tools/services/probe.ts";
import { root } from "../millrace-process.ts";
import { skippedLines } from "../skipped-suites.ts";
import { withServer } from "../with-server.ts";

const folder = mkdtempSync(join(tmpdir(), "millrace-services-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The command, in a process without Maven, Java and Debian's tools. */
const bare = (...args: string[]) => {
  const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
  const path = `PATH=${folder}`;
  const env = ["env", "-u", "JAVA_HOME", path, `MILLRACE_SERVICES=${folder}`];
  return run("/usr/bin/env", [...env.slice(1), process.execPath, tsx, join(root, "tools/services/main.ts"), ...args]);
};

// The server of this name is not used: it shows that NATS can be had here.
await withServer("nats", "Servers for the tests", () => {
  const name = "nats.test-of-services";

  test("a server is ready when up returns, is left alone by a second up, survives a crash and is gone after down", async () => {
    await down(name);
    const first = await up(name);
    const port = first.ports.client ?? 0;
    const speaks = () => probe(port, new Uint8Array(), (bytes) => bytes.toString().startsWith("INFO "));
    assert.equal(await speaks(), true);
    assert.equal((await up(name)).pid, first.pid);
    const both = await Promise.all([up(name), up(name)]);
    assert.deepEqual(new Set(both.map(({ pid }) => pid)), new Set([first.pid]));

    await tell(name, "SIGKILL");
    assert.equal(await status(name), undefined);
    assert.equal(await speaks(), false);
    const second = await up(name);
    assert.notEqual(second.pid, first.pid);
    assert.deepEqual(second.ports, first.ports);

    await down(name, { keep: true });
    assert.equal(await status(name), undefined);
    assert.equal(existsSync(join(first.folder, "data")), true);
    await up(name);
    await down(name);
    assert.equal(existsSync(first.folder), false);
    await down(name);
  });
});

test("what is missing is said in a sentence, with code 3", async () => {
  const cassandra = await bare("up", "cassandra");
  assert.equal(cassandra.code, 3);
  assert.match(cassandra.output, /^Cannot get cassandra-\S+ as Maven is not installed: install it/);
  const nats = await bare("up", "nats");
  assert.equal(nats.code, 3);
  assert.match(nats.output, /^Cannot get nats-server as it comes from Debian's packages: this system has no "apt-get"/);
});

test("a service that is not in the list is refused", async () => {
  const { code, output } = await bare("up", "zookeeper");
  assert.equal(code, 3);
  assert.match(output, /^Cannot find the service "zookeeper" as it must be one of kafka, kafka-4, cassandra, nats/);
  await assert.rejects(up("../nats"), /Cannot find the service/);
});

test("status ends with 1 when a server that is named does not run", async () => {
  assert.deepEqual(await bare("status", "nats"), { code: 1, output: "nats: not running\n" });
  assert.deepEqual(await bare("status", "--json"), { code: 0, output: "{}\n" });
});

test("a port that is taken is passed over", async () => {
  const { only } = await freePorts(["only"], "a seed");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(only, "127.0.0.1", resolve));
  const { only: other } = await freePorts(["only"], "a seed");
  server.close();
  assert.notEqual(other, only);
  const { a, b } = await freePorts(["a", "b"], "a seed");
  assert.notEqual(a, b);
});

test("two that need the same lock take turns, and the lock of a dead process is taken over", async () => {
  const path = join(folder, "a.lock");
  let inside = 0;
  let most = 0;
  const turn = () =>
    alone(path, async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    });
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  writeFileSync(path, String(pid));
  await Promise.all([turn(), turn(), turn()]);
  assert.equal(most, 1);
});

test("suites without a server are named in one line a server", () => {
  assert.deepEqual(skippedLines("A\tx does not run\nB\tx does not run\nA\tx does not run\nC\ty does not run\n"), [
    "Skipped as x does not run: A, B",
    "Skipped as y does not run: C",
  ]);
  assert.deepEqual(skippedLines(""), []);
});

test("Docker users have the same servers, on the loopback address only", () => {
  const compose = parse(readFileSync(join(root, "deploy/compose.yaml"), "utf8"), { merge: true }) as {
    services: Record<string, { image: string; ports: string[] }>;
  };
  assert.deepEqual(
    Object.keys(compose.services),
    services.map(({ name }) => name),
  );
  for (const { name, version } of services) {
    const { image = "", ports = [] } = compose.services[name] ?? {};
    if (/^\d/.test(version)) assert.equal(image.split(":")[1], version);
    assert.ok(ports.every((port) => port.startsWith("127.0.0.1:")));
  }
});
