import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { BufferDefinition, StoreDefinition } from "../../blocks/model/component.ts";
import type { SeriesTable } from "../../blocks/model/series.ts";
import { testContext } from "../../blocks/model/test-context.ts";
import { pluginKinds } from "../../cli/plugin-kinds.ts";
import { type BuiltPackage, builtPackage } from "../built-package.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { bufferConformance } from "../conformance/buffer.ts";
import { storeConformance } from "../conformance/store.ts";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";

const run = promisify(execFile);

let built: BuiltPackage;
beforeAll(() => {
  built = builtPackage();
});
afterAll(() => built.remove());

const begin = (folder: string, ...args: string[]) =>
  run(process.execPath, [built.main, "new", ...args], { cwd: folder });
/** `npm test` of a package; what `npm install` brings beforehand is linked. */
async function npmTest(folder: string): Promise<string> {
  built.linkInto(folder);
  return (await run("npm", ["test"], { cwd: folder })).stdout;
}

test.each(pluginKinds)("a new plugin with a %s passes its own tests, and its graph the check", async (kind) => {
  const folder = temporaryFolder();
  const { stdout, stderr } = await begin(folder, "plugin", "my-own", "--kind", kind);
  const files = readdirSync(join(folder, "my-own"));
  expect(stdout.trim().split("\n").sort()).toEqual(files.map((file) => join("my-own", file)).sort());
  expect(files).toEqual(
    expect.arrayContaining([".gitignore", "README.md", "graph.yaml", "my-own.js", "my-own.test.js"]),
  );
  expect(stderr).toBe("Next: cd my-own && npm install && npm test\n");
  for (const file of files)
    expect(readFileSync(join(folder, "my-own", file), "utf8")).not.toMatch(/plugin-name|millrace-version/);
  expect(await npmTest(join(folder, "my-own"))).toMatch(/\b(# )?pass 2\n(.*\n)*.*\b(# )?fail 0\n/);
  const check = await run(process.execPath, [built.main, "check", "graph.yaml"], { cwd: join(folder, "my-own") });
  expect(check.stdout).toContain("no errors");
});

// What a new store, or a new buffer, begins with is a whole one.
let newStore: Promise<StoreDefinition> | undefined;
storeConformance("a new plugin", async () => {
  newStore ??= importNew<StoreDefinition>("store");
  const definition = await newStore;
  const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
  const opened = () => definition.open({ path: join(folder, "log") }, testContext());
  let store = await opened();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await opened();
      return store;
    },
    dispose: async () => {
      await store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

let newBuffer: Promise<BufferDefinition> | undefined;
bufferConformance(
  "a new plugin",
  async ({ partitions, rowsMax, table }) => {
    newBuffer ??= importNew<BufferDefinition>("buffer");
    const definition = await newBuffer;
    const folder = mkdtempSync(join(tmpdir(), "millrace-test-"));
    const opened = (own: SeriesTable) =>
      definition.open(
        { path: join(folder, "log"), partitions, max_rows: rowsMax },
        { ...testContext(), clock: systemClock, table: own },
      );
    let buffer = await opened(table);
    return {
      buffer,
      reopen: async (next) => {
        await buffer.close();
        buffer = await opened(next);
        return buffer;
      },
      dispose: async () => {
        await buffer.close();
        rmSync(folder, { recursive: true });
      },
    };
  },
  { withoutReplay: "it keeps nothing that is settled" },
);

async function importNew<Definition>(kind: "store" | "buffer"): Promise<Definition> {
  const name = `my-${kind}`;
  // Inside the built package, so that it goes with it.
  await begin(built.folder, "plugin", name, "--kind", kind);
  const module = pathToFileURL(join(built.folder, name, `${name}.js`)).href;
  built.linkInto(join(built.folder, name));
  return ((await import(module)) as Record<string, Definition>)[kind] as Definition;
}

test("an editor finds no fault in the types of any new plugin, nor of those that we ship", async () => {
  const folder = temporaryFolder();
  built.linkInto(folder);
  for (const kind of pluginKinds) await begin(folder, "plugin", `my-${kind}`, "--kind", kind);
  const options = ["--noEmit", "--checkJs", "--strict", "--module", "nodenext", "--target", "es2023", "--skipLibCheck"];
  const plugins = join(built.folder, "config/examples/plugins");
  const shipped = readdirSync(plugins).filter((file) => file.endsWith(".js"));
  const files = [
    ...pluginKinds.map((kind) => `my-${kind}/my-${kind}.js`),
    ...shipped.map((file) => join(plugins, file)),
  ];
  const args = [tsc, ...options, "--typeRoots", typeRoots, "--types", "node", ...files];
  const { stdout } = await run(process.execPath, args, { cwd: folder }).catch((error: { stdout: string }) => error);
  expect(stdout).toBe("");
});

test("a plugin in TypeScript runs where Node runs TypeScript, and is refused with that reason where it does not", async () => {
  const folder = temporaryFolder();
  built.linkInto(folder);
  writeFileSync(
    join(folder, "typed.mts"),
    `import { defineType, type TypeDefinition } from "millrace/plugin";
export const typed: TypeDefinition = defineType({ name: "typed", summary: "Anything." });
`,
  );
  writeFileSync(join(folder, "graph.yaml"), "plugins: [./typed.mts]\nsources: {}\n");
  const check = run(process.execPath, [built.main, "check", "graph.yaml"], { cwd: folder });
  const { stdout } = await check.catch((error: { stdout: string }) => error);
  if ("typescript" in process.features && process.features.typescript !== false) expect(stdout).toContain("no errors");
  else
    expect(stdout).toContain(
      'graph.yaml:1:11: error PLUGIN_INVALID Cannot load the plugin "./typed.mts": it must be JavaScript, which TypeScript is ' +
        `built to; from 22.18 on Node runs both: this is Node ${process.versions.node}`,
    );
});

test.each(["", ...examples()])('a new graph from "%s" passes the check', async (example) => {
  const folder = temporaryFolder();
  await begin(folder, "graph", "mine", ...(example === "" ? [] : ["--from", example]));
  const text = readFileSync(join(folder, "mine.yaml"), "utf8");
  expect(text).toContain("\nname: mine\n");
  if (example !== "") expect(text).not.toContain(`/${example}/`);
  const { stdout } = await run(process.execPath, [built.main, "check", "mine.yaml"], { cwd: folder });
  expect(stdout).toContain("no errors");
});

test("a new graph runs, and answers the query that it shows", async () => {
  const folder = temporaryFolder();
  await begin(folder, "graph", "mine");
  const text = readFileSync(join(folder, "mine.yaml"), "utf8");
  const commands = [...text.matchAll(/^# {3}millrace (.*)$/gm)].map(([, command = ""]) => command);
  expect(commands.length).toBe(3);
  const last = [];
  for (const command of commands)
    last.push((await run("sh", ["-c", `"${process.execPath}" "${built.main}" ${command}`], { cwd: folder })).stdout);
  expect(last.at(-1)).toMatch(/temperature\{site="north"\}/);
});

test("nothing is overwritten, and nothing is written where one file is there", async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "graph.yaml"), "mine");
  const plugin = await millrace(["new", "plugin", "other", "--folder", folder]);
  expect(plugin).toEqual({
    code: 2,
    stdout: "",
    stderr: `Cannot write "${folder}/graph.yaml" as it is there already\n`,
  });
  expect(readdirSync(folder)).toEqual(["graph.yaml"]);
  const graph = await millrace(["new", "graph", "graph", "--folder", folder]);
  expect(graph).toEqual({
    code: 2,
    stdout: "",
    stderr: `Cannot write "${folder}/graph.yaml" as it is there already\n`,
  });
  expect(readFileSync(join(folder, "graph.yaml"), "utf8")).toBe("mine");
});

test.each([
  ["an upper-case name", ["plugin", "Mine"], "in lower case"],
  ["a path for a name", ["plugin", "../mine"], "in lower case"],
  ["a path for a graph", ["graph", "a/b"], "in lower case"],
  ["a name that is too long", ["graph", "a".repeat(64)], "at most 63"],
  ["the name of a built-in derivator", ["plugin", "mean", "--kind", "derivator"], "it is built in"],
  ["the name of a built-in source", ["plugin", "random", "--kind", "source"], "it is built in"],
  ["our own name", ["plugin", "millrace"], "needs one of that name"],
  ["an unknown kind", ["plugin", "mine", "--kind", "widget"], "derivator, derivation"],
  ["an unknown example", ["graph", "mine", "--from", "nothing"], "it must be one of four-blocks"],
])("%s is exit code 2 with the reason, and writes nothing", async (_name, args, reason) => {
  const folder = join(temporaryFolder(), "new");
  const { code, stdout, stderr } = await millrace(["new", ...args, "--folder", folder]);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain(reason);
  expect(existsSync(folder)).toBe(false);
});

const tsc = join(root, "node_modules/typescript/bin/tsc");
const typeRoots = join(root, "node_modules/@types");

function examples(): string[] {
  return readdirSync(join(root, "config/examples"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"));
}
