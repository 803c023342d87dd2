import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { loadMs } from "../../cli/plugin-loader.ts";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";

const door = JSON.stringify(pathToFileURL(join(root, "plugin.ts")).href);
const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** A plugin with one derivation. */
const brings = (name: string, more = "") =>
  `import { defineDerivation } from ${door};
export const it = defineDerivation({ name: "${name}", summary: "Nothing.", appliesTo: () => false, *derive() {} });
${more}`;

/** A folder with a graph that uses some derivations of some plugins; the plugins stand in lines 2 and following, at column 5. */
function project(files: Record<string, string>, plugins: readonly string[], derive: readonly string[] = []): string {
  const folder = temporaryFolder();
  const graph = `plugins:
${plugins.map((plugin) => `  - ${plugin}`).join("\n")}
stores:
  main: { type: memory }
sources:
  rows: { type: random, metric: [m], count: 1 }
blocks:
  rollups: { type: processor, from: rows, store: main, derive: [${derive.join(", ")}] }
`;
  for (const [path, text] of Object.entries({ "package.json": '{ "type": "module" }', "g.yaml": graph, ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Each fault as `line:column CODE sentence`, with `.` for the folder. */
async function faultsOf(folder: string): Promise<string[]> {
  const { code, stdout } = await millrace(["check", join(folder, "g.yaml"), "--json"]);
  const faults = JSON.parse(stdout) as { line: number; column: number; code: string; message: string }[];
  expect(code).toBe(faults.length === 0 ? 0 : 1);
  return faults.map(
    ({ line, column, code, message }) => `${line}:${column} ${code} ${message.replaceAll(folder, ".")}`,
  );
}

test("plugins are found by relative and absolute path, by package and its subpath, from the folder of the file that names them", async () => {
  const absolute = join(temporaryFolder(), "absolute.mjs");
  writeFileSync(absolute, brings("absolute"));
  const own = { name: "own", type: "module", exports: { ".": "./main.js", "./more": "./lib/more.js" } };
  const folder = project(
    {
      "plugins/near.js": brings("near"),
      "node_modules/own/package.json": JSON.stringify({ ...own, peerDependencies: { millrace: `^${version}` } }),
      "node_modules/own/main.js": brings("main"),
      "node_modules/own/lib/more.js": brings("more"),
      "node_modules/@scope/old/package.json": '{ "name": "@scope/old", "main": "old.cjs" }',
      "node_modules/@scope/old/old.cjs": `exports.old = {
        kind: "derivation", name: "old", summary: "Of CommonJS.", appliesTo: () => false, derive: () => [] };`,
      "parts/part.yaml": "plugins: [./beside.js]\n",
      "parts/beside.js": brings("beside", "export default it;"),
      "linked/package.json": '{ "name": "linked", "peerDependencies": { "millrace": "file:../millrace-9.9.9.tgz" } }',
      "linked/linked.mjs": brings("linked"),
      "typed.ts": brings("typed", "export const size: number = 1;"),
    },
    ["./plugins/near.js", absolute, "own", "own/more", '"@scope/old"', "./typed.ts", "./linked/linked.mjs"],
    ["near", "absolute", "main", "more", "old", "beside", "typed", "linked"],
  );
  const graph = join(folder, "g.yaml");
  writeFileSync(graph, `include: parts/part.yaml\n${readFileSync(graph, "utf8")}`);
  expect(await faultsOf(folder)).toEqual([]);
  // From another folder, and through a link, it is the same.
  const link = join(temporaryFolder(), "link");
  symlinkSync(folder, link);
  expect((await millrace(["check", relative(root, join(link, "g.yaml"))])).code).toBe(0);
});

test("every plugin at fault is reported in one pass, by its name and at its place, with what is wrong", async () => {
  const cases: [name: string, files: Record<string, string>, sentence: string][] = [
    ["./absent.js", {}, 'there is no file "./absent.js"'],
    ["./folder", { "folder/index.js": brings("folder") }, 'it must be a file: "./folder" is a folder'],
    ["absent", {}, "Cannot find package 'absent' imported from ./g.yaml"],
    [
      "plain/p.js",
      { "plain/p.js": brings("plain") },
      `Cannot find package 'plain' imported from ./g.yaml: did you mean "./plain/p.js"?`,
    ],
    ["./throws.js", { "throws.js": "\nthrow new Error('no luck');" }, "no luck (./throws.js:2)"],
    ["./deep.js", { "deep.js": "import './lib/a.js';", "lib/a.js": "undefined.x;" }, "expect:(./lib/a.js:1)"],
    ["./text.js", { "text.js": "throw 'only text';" }, "only text"],
    ["./syntax.js", { "syntax.js": "export const = 1;" }, "Unexpected token '='"],
    ["./lacks.js", { "lacks.js": "import 'not-there';" }, "expect:Cannot find package 'not-there' imported from"],
    [
      "./nothing.js",
      { "nothing.js": "export const a = 1, b = { kind: 'toString' }, c = null;" },
      "it exports nothing made with the functions of millrace/plugin",
    ],
    [
      "./half.js",
      { "half.js": "export const half = { kind: 'derivation', name: 'half', appliesTo() {} };" },
      'its export "half", the derivation "half", must have the function `derive`',
    ],
    ["./first.js", { "first.js": brings("twice") }, ""],
    [
      "./second.js",
      { "second.js": brings("twice") },
      'Cannot add the derivation "twice" as there is one of that name already: the plugin "./first.js" brings it',
    ],
    [
      "./random.js",
      {
        "random.js": `import { defineSource, record } from ${door};
export const mine = defineSource({ type: "random", summary: "", delivery: "at-least-once", finite: () => true, settings: record({}), open: async () => { throw 0; } });`,
      },
      'Cannot add the source "random" as there is one of that name already: it is built in',
    ],
    [
      "./mean.js",
      {
        "mean.js": `const of = () => 0;
export const it = { kind: "derivator", name: "mean", summary: "", appliesTo: of, resultType: of, seed: of, add: of, merge: of, result: of, encode: of, decode: of };`,
      },
      'Cannot add the derivator "mean" as there is one of that name already: it is built in',
    ],
    [
      "newer",
      {
        "node_modules/newer/package.json":
          '{ "name": "newer", "main": "dist/esm/p.mjs", "peerDependencies": { "millrace": "^7.1.0" } }',
        "node_modules/newer/dist/esm/package.json": '{ "type": "module" }',
        "node_modules/newer/dist/esm/p.mjs": "throw new Error('it must not be loaded');",
      },
      `it needs millrace ^7.1.0, says its package.json: this is ${version}`,
    ],
    [
      "./says.js",
      { "says.js": brings("says", 'export const millrace = ">=0.0.1 <0.0.2";') },
      `it needs millrace >=0.0.1 <0.0.2, says its export "millrace": this is ${version}`,
    ],
    [
      "vague",
      {
        "node_modules/vague/package.json":
          '{ "name": "vague", "main": "p.js", "peerDependencies": { "millrace": "new" } }',
        "node_modules/vague/p.js": "",
      },
      'its package.json must ask for a range of versions of millrace: it is "new"',
    ],
    [
      "./broken/p.mjs",
      { "broken/package.json": "{", "broken/p.mjs": brings("broken") },
      'expect:package.json" must be JSON',
    ],
  ];
  const folder = project(
    Object.assign({}, ...cases.map(([, files]) => files)),
    cases.map(([name]) => name),
    ["what-one-might-bring"],
  );
  // A fault of the file's own stands beside them.
  const graph = join(folder, "g.yaml");
  writeFileSync(graph, readFileSync(graph, "utf8").replace("count: 1", "cuont: 1"));
  const faults = await faultsOf(folder);
  const expected = cases.flatMap(([name, , sentence], index) => {
    if (sentence === "") return [];
    const head = `${index + 2}:5 PLUGIN_INVALID Cannot load the plugin "${name}": `;
    if (!sentence.startsWith("expect:")) return [head + sentence];
    return [expect.stringMatching(new RegExp(`^${escaped(head)}.*${escaped(sentence.slice(7))}`, "s"))];
  });
  expect(faults.slice(0, -1)).toEqual(expected);
  expect(faults.at(-1)).toContain('SETTING_UNKNOWN Cannot use the key "cuont"');
});

const escaped = (text: string) => text.replaceAll(/[$()*+.?[\\\]^{|}]/g, "\\$&");

test("a wrong setting of what a plugin brings is reported at its place, with the plugin", async () => {
  const folder = project(
    {
      "own.js": `import { defineDerivator, defineSource, integer, record, text } from ${door};
const settings = record({ least: integer("The least.", { min: 1 }), unit: text("Of it.", { optional: true }) });
export const beat = defineSource({ type: "own/beat", summary: "Nothing.", delivery: "at-most-once", finite: () => true,
  settings, open: async () => { throw new Error("never"); } });
export const above = defineDerivator({ name: "above", summary: "How many.", settings, configure: () => { throw 0; } });
`,
    },
    ["./own.js"],
  );
  writeFileSync(
    join(folder, "g.yaml"),
    `plugins: [./own.js]
stores:
  main: { type: memory }
sources:
  a: { type: own/beat, leats: 2 }
  b: { type: own/beat, least: 0 }
  c: { type: own/beat }
blocks:
  rollups:
    type: processor
    from: [a, b, c]
    store: main
    derivators: [{ type: above, least: 0.5 }, { type: above, as: x, leest: 1 }, above, abvoe]
`,
  );
  const source = 'a source of type own/beat (export "beat" of the plugin "./own.js")';
  const derivator = 'the derivator "above" (export "above" of the plugin "./own.js")';
  expect(await faultsOf(folder)).toEqual([
    `5:24 SETTING_UNKNOWN Cannot use the key "leats" in ${source} as it is not known: did you mean "least"?`,
    `6:31 SETTING_INVALID Cannot use "least" in ${source} as it must be >= 1: it is 0`,
    `7:3 SETTING_MISSING Cannot do without the key "least" in ${source} as it is mandatory: it is missing`,
    `13:40 SETTING_INVALID Cannot use "least" in ${derivator} as it must be a whole number: it is 0.5`,
    `13:47 SETTING_MISSING Cannot do without the key "least" in ${derivator} as it is mandatory: it is missing`,
    `13:76 SETTING_UNKNOWN Cannot use the key "leest" in ${derivator} as it is not known`,
    `13:81 SETTING_MISSING Cannot do without the key "least" in ${derivator} as it is mandatory: it is missing`,
    '13:88 COMPONENT_UNKNOWN Cannot use the derivator "abvoe" as there is none of that name: did you mean "above"?',
  ]);
});

test("what waits forever at the top of a plugin costs a bounded wait, and the other commands say the same", async () => {
  const folder = project({ "waits.js": brings("waits", "await new Promise(() => {});") }, ["./waits.js"]);
  const graph = join(folder, "g.yaml");
  const sentence = `:2:5: error PLUGIN_INVALID Cannot load the plugin "./waits.js": it must load within ${loadMs / 1_000} seconds`;
  const [check, run, schema] = await Promise.all([
    millrace(["check", graph]),
    millrace(["run", graph, "--until-idle"]),
    millrace(["schema", graph]),
  ]);
  expect(check.stdout).toContain(graph + sentence);
  expect(check.stdout).toContain("\n   2 |   - ./waits.js\n     |     ^^^^^^^^^^\n");
  expect(run.stderr).toContain(graph + sentence);
  expect(schema.stderr).toContain(graph + sentence);
  expect([check.code, run.code, schema.code, run.stdout, schema.stdout]).toEqual([1, 1, 1, "", ""]);
});
