import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { finished, freePort, millrace, printed, startMillrace, temporaryFolder } from "../millrace-process.ts";
import { nodesOf } from "../connectors/kafka/kafka-topic.ts";
import { withServer } from "../with-server.ts";
import { freshTable, graphOf, jsonl, linesOf, messageOf, post, tableOf } from "./plant.ts";

const day = Date.parse("2026-03-01");
const retention = "7 days";

await withServer("kafka", "Replay of a buffer in Kafka", (kafka) => {
  let topics = 0;
  const nodes = JSON.stringify(nodesOf(kafka));
  replays(
    "kafka",
    () =>
      `type: kafka, nodes: ${nodes}, topic: replay-${process.pid}-${Date.now()}-${++topics}, session_timeout: 6 seconds`,
  );
});
replays("disk", () => "type: disk, path: ./buffer");

function replays(type: string, newBuffer: () => string): void {
  test(`a graph that was changed reads its ${type} buffer again, and its store is that of a fresh run, also after a kill amid it`, async () => {
    const buffer = newBuffer();
    const folder = temporaryFolder();
    const run = (...args: string[]) => millrace(args, {}, folder);
    const write = (name: string, given: Parameters<typeof graphOf>[0]) =>
      writeFileSync(join(folder, name), graphOf({ buffer, retention, ...given }));
    const messages = [
      ...["flow", "level", "note"].map((metric) => messageOf(metric, day, 4_000)),
      // Corrections of these, and a late stretch.
      messageOf("flow", day, 1_500, 1_000),
      messageOf("level", day - 86_400_000, 300),
    ];
    writeFileSync(join(folder, "points.jsonl"), linesOf(messages));
    writeFileSync(join(folder, "nothing.jsonl"), "");
    const nothing = "{ type: file/jsonl, path: ./nothing.jsonl }";
    write("plant.yaml", { source: jsonl });
    expect(await run("run", "plant.yaml", "--until-idle", "--quiet")).toMatchObject({ code: 0 });

    // Another derivator.
    write("plant.yaml", { source: nothing, derivators: "p99" });
    const replayed = await run("replay", "plant.yaml", "raw", "--from", "2020-01-01", "--json");
    expect(replayed, replayed.stderr).toMatchObject({ code: 0, stderr: "" });
    const { places } = JSON.parse(replayed.stdout);
    expect(places.map(({ position }: { position: number }) => position)).toEqual([1, 1]);
    expect(places[0].rows + places[1].rows).toBe(13_800);
    expect(await run("run", "plant.yaml", "--until-idle", "--quiet")).toMatchObject({ code: 0 });
    const fresh = await freshTable(messages, "p99");
    expect(await tableOf(folder)).toEqual(fresh);

    // Another store, and the run that fills it is killed.
    write("plant.yaml", { source: nothing, derivators: "p99", store: "./other" });
    for (const partition of ["0", "1"]) {
      const again = await run("replay", "plant.yaml", "raw", "--from-position", "1", "--partition", partition);
      expect(again, again.stderr).toMatchObject({ code: 0 });
    }
    const killed = startMillrace(["run", "plant.yaml", "--until-idle", "--quiet"], {}, folder);
    const ended = finished(killed);
    const isBegun = () =>
      tableOf(folder, "other").then(
        ({ length }) => length > 0,
        () => false,
      );
    await expect.poll(isBegun, { interval: 5 }).toBe(true);
    killed.kill("SIGKILL");
    await ended;
    expect(await run("run", "plant.yaml", "--until-idle", "--quiet")).toMatchObject({ code: 0 });
    expect(await tableOf(folder, "other")).toEqual(fresh);
    const audit = await run("audit", "plant.yaml", "--json");
    expect(audit.code, audit.stdout).toBe(0);
  }, 180_000);

  test(`a running engine reads its ${type} buffer again at once, and goes on with what comes`, async () => {
    const buffer = newBuffer();
    const folder = temporaryFolder();
    const run = (...args: string[]) => millrace(args, {}, folder);
    const port = await freePort();
    const source = `{ type: flow/http/json, host: 127.0.0.1, port: ${port} }`;
    const write = (given: Partial<Parameters<typeof graphOf>[0]>) =>
      writeFileSync(join(folder, "plant.yaml"), graphOf({ source, buffer, retention, ...given }));
    const messages = [messageOf("flow", day, 500), messageOf("level", day, 500), messageOf("flow", day, 300, 1)];
    write({});
    let engine = startMillrace(["run", "plant.yaml"], {}, folder);
    await printed(engine, /http:/);
    for (const message of messages) await post(port, message);
    engine.kill("SIGTERM");
    await finished(engine);

    write({ derivators: "rate" });
    engine = startMillrace(["run", "plant.yaml"], {}, folder);
    await printed(engine, /http:/);
    const replaying = run("replay", "plant.yaml", "raw", "--from", "2020-01-01");
    const late = messageOf("flow", day, 100, 2);
    await post(port, late);
    const { code, stderr } = await replaying;
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^1\d\d\d data points are read again now\n$/);
    // A query waits for what is read.
    const counts = await run(
      "query",
      "{}",
      "--graph",
      "plant.yaml",
      "--every",
      "1d",
      "--value",
      "count,rate",
      "--json",
    );
    expect(counts.code, counts.stderr).toBe(0);
    expect((await run("audit", "plant.yaml")).code).toBe(0);

    const faults = [
      [["row", "--from", "2020-01-01"], 'the graph has no buffer "row": did you mean "raw"?'],
      [["raw"], "either a time (--from) or a position (--from-position)"],
      [["raw", "--from-position", "1"], "a position is one of a partition: say which of the 2"],
      [["raw", "--from-position", "1", "--partition", "2"], "the partitions 0 to 1: it is 2"],
      [["raw", "--from-position", "none"], "position does not fit"],
      [["raw", "--from", "2020-01-01", "--segment", "rolups"], "there are rollups"],
    ] as const;
    for (const [args, sentence] of faults) {
      const fault = await run("replay", "plant.yaml", ...args);
      expect(fault.stderr).toContain(sentence);
      expect(fault.code).toBe(2);
    }
    engine.kill("SIGTERM");
    expect(await finished(engine)).toMatchObject({ code: 0 });
    expect(await tableOf(folder)).toEqual(await freshTable([...messages, late], "rate"));

    // Without retention all that is settled goes at the next start, and what was kept is no longer there.
    writeFileSync(
      join(folder, "plant.yaml"),
      graphOf({ source: "{ type: file/jsonl, path: ./nothing.jsonl }", buffer }),
    );
    writeFileSync(join(folder, "nothing.jsonl"), "");
    const forgetful = await run("replay", "plant.yaml", "raw", "--from", "2020-01-01");
    expect(forgetful).toMatchObject({ code: 2 });
    expect(forgetful.stderr).toContain("its settings have no `retention`");
    expect(await run("run", "plant.yaml", "--until-idle", "--quiet")).toMatchObject({ code: 0 });
    write({});
    const gone = await run("replay", "plant.yaml", "raw", "--from", "2020-01-01");
    expect(gone).toMatchObject({ code: 2 });
    expect(gone.stderr).toMatch(/no longer kept: the oldest of partition \d is position/);
  }, 180_000);
}
