import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { graphSchema } from "../../config/json-schema.ts";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";

const quickstart = "config/quickstart.yaml";
const seattle = "config/examples/seattle-weather.yaml";

test("every graph that we ship is without faults", async () => {
  const files = shipped();
  expect(files.length).toBeGreaterThan(1);
  const { code, stdout } = await millrace(["check", ...files]);
  expect(
    stdout
      .trimEnd()
      .split("\n")
      .map((line) => line.replace(/: \d+ nodes, \d+ segments, no errors$/, "")),
  ).toEqual(files);
  expect(code).toBe(0);
});

test("every graph that we ship follows the schema that editors use, and one with a fault does not", async () => {
  const { code, stdout } = await millrace(["schema"]);
  expect(code).toBe(0);
  const schema = JSON.parse(stdout);
  expect(schema).toEqual(JSON.parse(JSON.stringify(graphSchema(builtInCatalogue()))));
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(schema);
  for (const file of shipped()) {
    expect(validate(parse(readFileSync(join(root, file), "utf8"))), `${file}: ${JSON.stringify(validate.errors)}`).toBe(
      true,
    );
  }
  expect(validate({ sources: { a: { type: "poll/host", intervall: "1 second" } } })).toBe(false);
  expect(validate({ sources: { a: { type: "poll/hosts" } } })).toBe(false);
  expect(validate({ sinks: { a: { type: "stdout/json" } } })).toBe(false);
});

test("a file that cannot be read is exit code 3, beside others that can 1", async () => {
  const alone = await millrace(["check", "absent.yaml"]);
  expect(alone.code).toBe(3);
  expect(alone.stdout).toContain(
    'absent.yaml:1:1: error PATH_UNREADABLE Cannot read "absent.yaml" as there is no such file',
  );
  expect((await millrace(["check", "absent.yaml", quickstart])).code).toBe(1);
  const folder = await millrace(["check", "config"]);
  expect(folder.code).toBe(3);
  const run = await millrace(["run", "absent.yaml"]);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain("PATH_UNREADABLE");
});

test.each([
  ["no command", []],
  ["an unknown command", ["chekc", quickstart]],
  ["an unknown option", ["check", quickstart, "--jsno"]],
  ["a missing argument", ["check"]],
  ["a missing graph", ["query", "{}"]],
  ["a choice that is none", ["run", quickstart, "--log-format", "xml"]],
  ["an unknown format of drawing", ["graph", quickstart, "--format", "svg"]],
  ["an unknown format of rows", ["query", "{}", "--graph", quickstart, "--format", "xml"]],
  ["an unknown store", ["query", "{}", "--graph", quickstart, "--store", "other"]],
  ["a --set without a value", ["check", quickstart, "--set", "sources.meters.port"]],
])("%s is exit code 2, with a word on stderr and nothing on stdout", async (_name, args) => {
  const { code, stdout, stderr } = await millrace(args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).not.toBe("");
  expect(stderr).not.toContain("    at ");
});

test.each([
  ["a selector", ["query", "a{b", "--graph", quickstart]],
  ["a time", ["query", "a", "--graph", quickstart, "--from", "yesterday"]],
  ["a limit", ["query", "a", "--graph", quickstart, "--limit", "0"]],
])("%s that cannot be read is exit code 1", async (_name, args) => {
  const { code, stdout, stderr } = await millrace(args);
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toMatch(/^error [A-Z_]+ Cannot .*\n$/);
});

test("--set overrides a setting, and a fault in it is reported where it stands", async () => {
  expect((await millrace(["check", quickstart, "--set", "sources.meters.port=9999"])).code).toBe(0);
  const { code, stdout } = await millrace([
    "check",
    quickstart,
    "--set",
    "hub={}",
    "--set",
    "sources.meters.port=70000",
  ]);
  expect(code).toBe(1);
  expect(stdout).toContain("--set:2:21: error SETTING_INVALID");
});

test.each(["ascii", "mermaid", "dot", "json"])("graph draws as %s", async (format) => {
  const { code, stdout, stderr } = await millrace(["graph", quickstart, "--format", format]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const node of ["main", "machine", "meters", "raw", "rollups"]) expect(stdout).toContain(node);
});

test("graph --json is the drawing as data", async () => {
  const { stdout } = await millrace(["graph", quickstart, "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({ nodes: { length: 5 } });
});

test("--help and --version succeed on stdout", async () => {
  const help = await millrace(["--help"]);
  expect([help.code, help.stderr]).toEqual([0, ""]);
  for (const command of ["run", "check", "graph", "query", "audit", "schema"])
    expect(help.stdout).toContain(`  ${command} `);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(await millrace(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  expect((await millrace(["run", "--help"])).code).toBe(0);
});

test("audit of a graph that never ran says so, and of one with rows that were rejected balances", async () => {
  const folder = temporaryFolder();
  const csv = join(folder, "rows.csv");
  writeFileSync(csv, "date,pressure,temperature,wind\n2020-01-01T00:00,1,2,3\nnever,1,2,3\n2020-01-01T01:00,x,2,3\n");
  const environment = { DATA: join(folder, "data"), CSV: csv };
  const run = await millrace(["run", seattle, "--until-idle", "--quiet"], environment);
  expect(run.code, run.stderr).toBe(0);
  expect(run.stderr).toBe("");
  const audit = await millrace(["audit", seattle, "--json"], environment);
  expect(audit.code).toBe(0);
  const { pages } = JSON.parse(audit.stdout);
  expect(pages).toMatchObject([{ place: "raw[0] -> rollups", balanced: true, inFlight: 0 }]);
  const letters = readFileSync(join(folder, "data/seattle-weather/dead-letters/hourly.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  expect(letters.map((line) => JSON.parse(line).where.line)).toEqual([3, 4]);
});

function shipped(): string[] {
  return readdirSync(join(root, "config"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => `config/${file}`)
    .sort();
}
