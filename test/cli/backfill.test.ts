import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finished, freePort, millrace, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { freshTable, graphOf, jsonl, linesOf, type Message, messageOf, post, tableOf } from "./plant.ts";

const day = Date.parse("2026-03-01");

test("without an engine `backfill` fills the store itself, and says what it cannot fill and why", async () => {
  const folder = temporaryFolder();
  const messages = [messageOf("flow", day, 1_500), messageOf("level", day + 3e7, 900), messageOf("note", day, 40)];
  writeFileSync(join(folder, "points.jsonl"), linesOf(messages));
  writeFileSync(join(folder, "plant.yaml"), graphOf({ source: jsonl }));
  const run = (...args: string[]) => millrace(args, {}, folder);
  expect((await run("run", "plant.yaml", "--until-idle", "--quiet")).code).toBe(0);
  const range = ["--from", "2026-03-01", "--to", "2026-03-05"];
  const early = await run("backfill", "plant.yaml", "--derivator", "p99", ...range);
  expect(early).toMatchObject({ code: 2, stdout: "" });
  expect(early.stderr).toContain('add it to the derivators of "rollups", and start the graph again');

  writeFileSync(join(folder, "plant.yaml"), graphOf({ source: jsonl, derivators: "p99, distinct" }));
  const filled = await run("backfill", "plant.yaml", "--derivator", "p99", ...range, "--points", "100", "--json");
  expect(filled, filled.stderr).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(filled.stdout)).toMatchObject({ series: 2, points: 2_400, buckets: { "1h": 93 }, failures: [] });
  const rest = await run("backfill", "plant.yaml", "--derivator", "distinct", ...range);
  expect(rest.stderr).toMatch(/^Filled \d+ buckets of 3 series\n$/);
  expect(await tableOf(folder)).toEqual(await freshTable(messages, "p99, distinct"));

  const faults = [
    [["--derivator", "p98", ...range], 1, 'no derivator is called that: did you mean "p99"?'],
    [["--derivator", "count", ...range], 2, "every bucket has it from the beginning"],
    [["--derivator", "p99", "--from", "2026-03-05", "--to", "2026-03-01"], 2, "--from must lie before --to"],
    [["note", "--derivator", "p99", ...range], 2, "no series that p99 can be computed of matches note"],
    [["--derivator", "p99", "--from", "2026-03-05"], 2, "--to"],
  ] as const;
  for (const [args, code, sentence] of faults) {
    const fault = await run("backfill", "plant.yaml", ...args);
    expect(fault.stderr).toContain(sentence);
    expect(fault.code, fault.stderr).toBe(code);
  }
}, 180_000);

test("a running engine goes on while it backfills, and kills of both commands change nothing in what is stored", async () => {
  const folder = temporaryFolder();
  const port = await freePort();
  const http = `{ type: flow/http/json, host: 127.0.0.1, port: ${port} }`;
  const sent: Message[] = [];
  const send = async (message: Message) => {
    await post(port, message);
    sent.push(message);
  };
  const start = async () => {
    const engine = startMillrace(["run", "plant.yaml"], {}, folder);
    await printed(engine, /listens|http:/);
    return engine;
  };
  const backfill = ["backfill", "plant.yaml", "--derivator", "p99", "--derivator", "rate", "--points", "200"].concat(
    ...["--from", "2026-03-01", "--to", "2026-04-01", "--json"],
  );
  writeFileSync(join(folder, "plant.yaml"), graphOf({ source: http }));
  let engine = await start();
  for (const metric of ["flow", "level", "note", "power"]) await send(messageOf(metric, day, 4_000));
  engine.kill("SIGTERM");
  expect(await finished(engine)).toMatchObject({ code: 0 });

  writeFileSync(join(folder, "plant.yaml"), graphOf({ source: http, derivators: "p99, rate" }));
  engine = await start();
  const interrupted = startMillrace([...backfill], {}, folder);
  const ended = finished(interrupted);
  for (let round = 0; round < 6; round += 1) {
    // Late points, and corrections of stored ones.
    await send(messageOf("flow", day + round * 1_370_000 + (round % 2), 20, round));
  }
  const isFilled = (line: string) => line.startsWith("tdouble level 1m") && line.includes("counter");
  await expect.poll(async () => (await tableOf(folder)).some(isFilled)).toBe(true);
  interrupted.kill("SIGKILL");
  await ended;
  engine.kill("SIGKILL");
  await finished(engine);
  engine = await start();
  const again = startMillrace([...backfill], {}, folder);
  const done = finished(again);
  for (let round = 0; round < 10; round += 1) await send(messageOf("power", day + round * 13_700_001, 30));
  const { code, stdout, stderr } = await done;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ series: 3, failures: [] });
  engine.kill("SIGTERM");
  expect(await finished(engine)).toMatchObject({ code: 0 });
  expect(await tableOf(folder)).toEqual(await freshTable(sent, "p99, rate"));
}, 180_000);
