import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finished, freePort, millrace, printed, root, startMillrace, temporaryFolder } from "../millrace-process.ts";

const graph = join(root, "config/quickstart.yaml");
const message = {
  metric: "my-temperature-sensor",
  tagset: { quality: "good", owner: "myself" },
  type: "tdouble",
  values: [
    ["2020-01-02T03:04:05.678", 42.1337],
    ["2020-01-02T03:04:06.123", 654.72],
  ],
};
const selector = 'my-temperature-sensor{quality="good",owner="myself"}';
const everyPeriod = ["", "1m", "1h", "1d"];

/** A quickstart of its own: the file keeps its data in the working folder. */
async function quickstart() {
  const folder = temporaryFolder();
  const environment = { MILLRACE_PORT: String(await freePort()) };
  const run = (...args: string[]) => millrace(args, environment, folder);
  const query = async (...args: string[]): Promise<string> => {
    const { stdout, stderr, code } = await run("query", ...args, "--graph", graph, "--format", "csv");
    expect(code, stderr).toBe(0);
    return stdout;
  };
  return {
    url: `http://127.0.0.1:${environment.MILLRACE_PORT}/api/v1/series`,
    run,
    query,
    async start() {
      const child = startMillrace(["run", graph], environment, folder);
      await printed(child, /Ctrl-C/);
      return child;
    },
    /** The points of the message, then their buckets by period. */
    answers: () =>
      Promise.all(
        everyPeriod.map((every) =>
          query(selector, ...(every === "" ? [] : ["--every", every, "--value", "count,min,max,first,last"])),
        ),
      ),
  };
}

async function post(url: string, body: unknown): Promise<[number, string]> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return [response.status, await response.text()];
}

const rows = (csv: string) => csv.trimEnd().split("\n").slice(1);
/** Behind the series, which is the only cell with commas or quotes in it. */
const cells = (csv: string) => rows(csv).map((row) => row.slice(row.lastIndexOf('"') + 2));

const expected = [
  ["2020-01-02T03:04:05.678Z,42.1337", "2020-01-02T03:04:06.123Z,654.72"],
  ["2020-01-02T03:04:00.000Z,2,42.1337,654.72,42.1337,654.72"],
  ["2020-01-02T03:00:00.000Z,2,42.1337,654.72,42.1337,654.72"],
  ["2020-01-02T00:00:00.000Z,2,42.1337,654.72,42.1337,654.72"],
];

test("the documented message is confirmed, rolled up within a second, and still there after a stop", async () => {
  const { url, start, run, query, answers } = await quickstart();
  const child = await start();
  expect(await post(url, message)).toEqual([200, '{"status":"ok","msg":"Total messages received: 1"}']);
  const running = await answers();
  expect(running.map(cells)).toEqual(expected);
  const audit = await run("audit", graph);
  expect(audit.code, audit.stdout).toBe(0);
  expect(audit.stdout).toMatch(/^balanced +raw\[0\] -> rollups: entered \d+/);

  const load = await query(`host.memory.total{host="${hostname()}"}`);
  expect(rows(load).length).toBeGreaterThan(0);
  const metrics = await query("{}");
  for (const metric of ["load.1m", "memory.used", "memory.free", "uptime"]) expect(metrics).toContain(`host.${metric}`);

  child.kill("SIGTERM");
  expect(await finished(child)).toMatchObject({ code: 0 });
  expect(await answers()).toEqual(running);
  const books = await run("audit", graph);
  expect(books.code, books.stdout).toBe(0);
  expect(books.stdout).toContain("in flight 0");
});

test("what was confirmed survives a kill right after the reply", async () => {
  const { url, start, run, answers } = await quickstart();
  const killed = await start();
  const [status] = await post(url, message);
  killed.kill("SIGKILL");
  expect(status).toBe(200);
  await finished(killed);

  const child = await start();
  expect((await answers()).map(cells)).toEqual(expected);
  child.kill("SIGTERM");
  expect(await finished(child)).toMatchObject({ code: 0 });
  const books = await run("audit", graph);
  expect(books.code, books.stdout).toBe(0);
});

test("rollups are stored soon after the reply, without anyone asking", async () => {
  const { url, start, answers } = await quickstart();
  const child = await start();
  await post(url, message);
  // The longest wait of a data point for its write is a second; no signal from outside says when it is over, on a busy machine too.
  await wait(6_000);
  child.kill("SIGKILL");
  await finished(child);
  expect((await answers()).map(cells)).toEqual(expected);
});

test("a second engine in the folder, or on the port, is refused with one sentence and exit code 3", async () => {
  const first = await quickstart();
  await first.start();
  const sameFolder = await first.run("run", graph);
  expect(sameFolder.code).toBe(3);
  expect(sameFolder.stderr.trimEnd().split("\n")).toEqual([
    expect.stringMatching(/^error FOLDER_IN_USE main: Cannot /),
  ]);

  const second = temporaryFolder();
  const port = new URL(first.url).port;
  const samePort = await millrace(["run", graph], { MILLRACE_PORT: port }, second);
  expect(samePort.code).toBe(3);
  expect(samePort.stderr.trimEnd().split("\n")).toEqual([
    `error ADDRESS_IN_USE meters: Cannot listen on 127.0.0.1:${port} as another process does`,
  ]);
});
