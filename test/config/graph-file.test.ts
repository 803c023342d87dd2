import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { formatDiagnostics } from "../../config/diagnostic.ts";
import { type GraphTextOptions, readGraphFile, readGraphText, readPluginList } from "../../config/graph-file.ts";
import { catalogue } from "./catalogue-fixture.ts";

const plant = `name: plant
stores:
  main: { type: embedded, path: ./data/plant }
sources:
  boiler:
    type: poll/modbus/tcp
    interval: 5 seconds
    host: 10.0.0.4
    holding_registers:
      - { address: 0x1f, metric: pump-temperature, tagset: { unit: celsius } }
  meters: { type: flow/mqtt/json, host: 127.0.0.1 }
buffers:
  raw: { type: disk, path: ./data/raw, from: [boiler, meters] }
blocks:
  rollups:
    type: processor
    from: raw
    store: main
    aggregators: [1m, 1h, 1d, 1mo]
sinks:
  out: { type: stdout/json, from: rollups.aggregations }
plugins: [./plugins/road-segments.js]
hub: { port: 9000 }
`;

function read(text: string, options: Partial<GraphTextOptions> & { files?: Record<string, string> } = {}) {
  const { files = {}, ...rest } = options;
  const readText = async (file: string) => files[file] ?? Promise.reject(new Error("there is no such file"));
  return readGraphText(text, "plant.yaml", { catalogue, environment: {}, readText, ...rest });
}

async function faults(text: string, options?: Parameters<typeof read>[1]): Promise<string[]> {
  const { diagnostics } = await read(text, options);
  return diagnostics.map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

const source = (settings: string) => `sources:\n  meters: { type: flow/mqtt/json, host: h, ${settings} }\n`;

test("a graph file without faults gives its nodes, their settings and its wires", async () => {
  const { graph, diagnostics } = await read(plant);

  assert.equal(formatDiagnostics(diagnostics), "");
  assert.ok(graph);
  assert.deepEqual(
    graph.nodes.map(({ section, name, type }) => [section, name, type]),
    [
      ["stores", "main", "embedded"],
      ["sources", "boiler", "poll/modbus/tcp"],
      ["sources", "meters", "flow/mqtt/json"],
      ["buffers", "raw", "disk"],
      ["blocks", "rollups", "processor"],
      ["sinks", "out", "stdout/json"],
    ],
  );
  const [, boiler, , raw, , out] = graph.nodes;
  assert.deepEqual(boiler?.settings, {
    interval: 5_000,
    host: "10.0.0.4",
    port: 502,
    holding_registers: [{ address: 31, metric: "pump-temperature", type: "sint16", tagset: { unit: "celsius" } }],
  });
  assert.deepEqual(
    raw?.from.map(({ name }) => name),
    ["boiler", "meters"],
  );
  assert.deepEqual(out?.from, [
    { name: "rollups", outlet: "aggregations", at: { file: "plant.yaml", line: 21, column: 35, endColumn: 55 } },
  ]);
  assert.deepEqual(boiler?.at, { file: "plant.yaml", line: 5, column: 3, endColumn: 9 });
  assert.equal(boiler?.settingAt(["holding_registers", 0, "address"]).column, 20);
  assert.equal(boiler?.settingAt(["holding_registers", 0, "absent"]).line, 10);
  assert.deepEqual(
    graph.plugins.map(({ path, at }) => [path, at.line, at.column]),
    [["./plugins/road-segments.js", 22, 11]],
  );
  assert.deepEqual(graph.hub, { host: "127.0.0.1", port: 9000 });
  assert.deepEqual(graph.deadLetters, { path: "./data/plant/dead-letters", bytesMax: 64 * 1024 * 1024 });
  assert.equal(graph.limits.series_max, 1_000_000);
  assert.equal(graph.stop_timeout, 10_000);
});

test("a file with many different faults reports each of them once, in one pass, at its place", async () => {
  const text = `name: Plant
store:
  main: { type: embedded, path: ./data }
sources:
  boiler:
    type: poll/modbus/tcp
    interval: 5 weeks
    holding_register: []
  meters: { type: flow/mqtt/json, host: \${BROKER}, port: 70000 }
  meters: { type: flow/mqtt/json, host: h }
  two.parts: { type: flow/mqtt/json, host: h, from: boiler }
blocks:
  twice: { type: dedup, from: raw }
  rollups:
    type: processor
    from: 5
    store: main
    aggregators: [7m, 1h]
    1: one
sinks:
  out: { type: stdout/json }
  boiler: { type: flow/mqtt/json, from: x }
  odd: { type: !name stdout/json, from: [a, a] }
stop_timeout: 10
`;

  assert.deepEqual(await faults(text), [
    "plant.yaml:1:7 SETTING_INVALID",
    "plant.yaml:2:1 SETTING_UNKNOWN",
    "plant.yaml:5:3 SETTING_MISSING",
    "plant.yaml:7:15 SETTING_INVALID",
    "plant.yaml:8:5 SETTING_UNKNOWN",
    "plant.yaml:9:41 VARIABLE_MISSING",
    "plant.yaml:9:58 SETTING_INVALID",
    "plant.yaml:10:3 SETTING_DUPLICATE",
    "plant.yaml:11:3 SETTING_INVALID",
    "plant.yaml:11:47 WIRING_INVALID",
    "plant.yaml:13:18 COMPONENT_UNKNOWN",
    "plant.yaml:16:11 WIRING_INVALID",
    "plant.yaml:18:23 SETTING_INVALID",
    "plant.yaml:19:5 YAML_INVALID",
    "plant.yaml:21:3 SETTING_MISSING",
    "plant.yaml:22:3 SETTING_DUPLICATE",
    "plant.yaml:22:19 COMPONENT_UNKNOWN",
    "plant.yaml:23:16 YAML_INVALID",
    "plant.yaml:23:45 SETTING_DUPLICATE",
    "plant.yaml:24:15 SETTING_INVALID",
  ]);
});

test("a fault is printed with its sentence, its line and carets under the word", async () => {
  const { diagnostics, graph } = await read(plant.replace("holding_registers", "holding_register"));

  assert.equal(graph, undefined);
  assert.equal(
    formatDiagnostics(diagnostics),
    [
      'plant.yaml:9:5: error SETTING_UNKNOWN Cannot use the key "holding_register" in a source of type poll/modbus/tcp as it is not known: did you mean "holding_registers"?',
      "   9 |     holding_register:",
      "     |     ^^^^^^^^^^^^^^^^",
    ].join("\n"),
  );
});

test("a value that breaks its rule is named with the rule and with what it is", async () => {
  const message = async (settings: string) => (await read(source(settings))).diagnostics[0]?.message;

  assert.equal(
    await message("port: 65536"),
    'Cannot use "port" in a source of type flow/mqtt/json as it must be <= 65535: it is 65536',
  );
  assert.equal(await message("port: 65535"), undefined);
  assert.equal(
    await message("security: { type: pasword }"),
    'Cannot use "security.type" in a source of type flow/mqtt/json as it must be one of anonymous, password, tls: it is "pasword": did you mean "password"?',
  );
  assert.equal(
    await message("security: { type: password, login: 5, password: x }"),
    'Cannot use "security.login" in a source of type flow/mqtt/json as it must be text: it is 5, so write it in quotes',
  );
  assert.equal(
    await message("security: { type: password, password: x }"),
    'Cannot do without the key "login" in "security" of a source of type flow/mqtt/json as it must name the account: it is missing',
  );
});

test("no secret stands in a message or an excerpt, whether by the name of its key, its declaration or its variable", async () => {
  const environment = { BROKER_PASSWORD: "hunter2" };
  const texts = [
    source("security: { type: password, login: 5, password: hunter2 }"),
    source("security: { type: password, password: [hunter2], nam: x }"),
    source("prt: 1, pin: hunter2"),
    source("pin: { value: hunter2 }"),
    source(`port: \${BROKER_PASSWORD}`),
    "sources:\n  meters:\n    type: flow/mqtt/json\n    host: h\n    pin: |\n      hunter2\n     bad: [\n",
    "sources:\n  meters: { password: hunter2, x: [ }\n",
    "password: hunter2: y\n",
    'sources:\n  meters: { type: flow/mqtt/json, host: h, security: { type: "x\n    password: hunter2\n  y: 1\n',
    '"nam\n  password: hunter2": 1\n',
    source(`security: { type: password, login: a, password: "x\${hunter2" }`),
  ];

  for (const text of texts) {
    const { diagnostics } = await read(text, { environment });
    assert.notEqual(diagnostics.length, 0, text);
    assert.ok(!JSON.stringify(diagnostics).includes("hunter2"), JSON.stringify(diagnostics));
  }
});

test("variables reach settings, typed by YAML where they stand alone and without quotes", async () => {
  const environment = { HOST: "broker", PORT: "8081", EMPTY: "" };
  const settings = async (text: string) => {
    const { graph, diagnostics } = await read(`sources:\n  m: { type: flow/mqtt/json, ${text} }\n`, { environment });
    return graph?.nodes[0]?.settings ?? diagnostics.map(({ column, code }) => `${column} ${code}`);
  };
  const security = { type: "anonymous" };

  assert.deepEqual(await settings(`host: \${HOST}, port: \${PORT}`), { host: "broker", port: 8081, security });
  assert.deepEqual(await settings(`host: "\${PORT}"`), { host: "8081", port: 1883, security });
  assert.deepEqual(await settings(`host: \${EMPTY:-a # b}.x`), { host: "a # b.x", port: 1883, security });
  assert.deepEqual(await settings(`host: $\${HOST}`), { host: `\${HOST}`, port: 1883, security });
  assert.deepEqual(await settings(`host: \${PORT}`), ["36 SETTING_INVALID"]);
  assert.deepEqual(await settings(`host: h, port: "\${PORT}"`), ["45 SETTING_INVALID"]);
  assert.deepEqual(await settings(`host: \${NONE}`), ["36 VARIABLE_MISSING"]);
  assert.deepEqual(await settings(`host: \${a b}`), ["36 SETTING_INVALID"]);
});

test("the message of a mandatory variable is shown", async () => {
  const { diagnostics } = await read(source(`port: \${PORT:?the port of the meters}`));

  assert.equal(
    diagnostics[0]?.message,
    'Cannot read the variable "PORT" as the environment must have it: the port of the meters',
  );
});

test("included files are merged, and their faults are reported in them", async () => {
  const files = {
    "shared/stores.yaml": "include: more/blocks.yaml\nstores:\n  main: { type: embedded, path: x }\nplugins: [b.js]\n",
    "shared/more/blocks.yaml": "blocks:\n  once: { type: dedupe, from: meters, windw: 1 s }\n",
  };
  const root = `include: [shared/stores.yaml]\nplugins: [a.js]\n${source("port: 1")}`;

  assert.deepEqual(await faults(root, { files }), ["shared/more/blocks.yaml:2:39 SETTING_UNKNOWN"]);
  const mended = { ...files, "shared/more/blocks.yaml": "blocks:\n  once: { type: dedupe, from: meters }\n" };
  const { graph } = await read(root, { files: mended });
  assert.deepEqual(
    graph?.nodes.map(({ name, at }) => `${name} ${at.file}`),
    ["meters plant.yaml", "main shared/stores.yaml", "once shared/more/blocks.yaml"],
  );
  assert.deepEqual(
    graph?.plugins.map(({ path }) => path),
    ["a.js", "b.js"],
  );
});

test("a name that an included file uses again is a duplicate there", async () => {
  const files = { "more.yaml": source("port: 2") };

  assert.deepEqual(await faults(`include: more.yaml\n${source("port: 1")}`, { files }), [
    "more.yaml:2:3 SETTING_DUPLICATE",
  ]);
});

test("an include that is missing, goes in circles or goes too deep is refused where it stands", async () => {
  const chain = Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`${n}.yaml`, `include: ${n + 1}.yaml\n`]));

  assert.deepEqual(await faults("include: none.yaml\n"), ["plant.yaml:1:10 INCLUDE_INVALID"]);
  assert.deepEqual(await faults("include: a.yaml\n", { files: { "a.yaml": "include: plant.yaml\n" } }), [
    "a.yaml:1:10 INCLUDE_INVALID",
  ]);
  assert.deepEqual(await faults("include: 0.yaml\n", { files: chain }), ["7.yaml:1:10 INCLUDE_INVALID"]);
  assert.deepEqual(await faults("include: 1.yaml\n", { files: { ...chain, "8.yaml": "name: end\n" } }), []);
});

test("overrides replace values and are reported at --set", async () => {
  const set = (path: string, value: string) => read(plant, { overrides: [{ path, value }] });

  const changed = await set("sources.meters.port", "9000");
  assert.deepEqual(changed.graph?.nodes[2]?.settings, {
    host: "127.0.0.1",
    port: 9000,
    security: { type: "anonymous" },
  });
  const deeper = await set("sources.boiler.holding_registers.0.address", "0x20");
  assert.match(JSON.stringify(deeper.graph?.nodes[1]?.settings), /"address":32/);
  assert.deepEqual((await set("dead_letters.max_bytes", "1 kB")).graph?.deadLetters.bytesMax, 1_000);
  const unknown = await set("sources.metres.port", "9000");
  assert.equal(
    formatDiagnostics(unknown.diagnostics),
    [
      '--set:1:1: error SETTING_UNKNOWN Cannot override "sources.metres.port" as no node is called "metres": did you mean "meters"?',
      "   1 | sources.metres.port=9000",
      "     | ^^^^^^^^^^^^^^^^^^^",
    ].join("\n"),
  );
  const { diagnostics } = await set("sources.meters.port", "x");
  assert.deepEqual(
    diagnostics.map(({ file, column }) => [file, column]),
    [["--set", 21]],
  );
});

test("texts that are no graph are refused with a reason", async () => {
  assert.deepEqual(await faults(""), ["plant.yaml:1:1 YAML_INVALID"]);
  assert.deepEqual(await faults("# nothing\n"), ["plant.yaml:1:1 YAML_INVALID"]);
  assert.deepEqual(await faults("- a\n"), ["plant.yaml:1:1 YAML_INVALID"]);
  assert.deepEqual(await faults("name: a\n---\nname: b\n"), ["plant.yaml:3:1 YAML_INVALID"]);
  assert.deepEqual(await faults("name: a\nhub:\n\tport: 1\n"), ["plant.yaml:3:1 YAML_INVALID"]);
  assert.deepEqual(await faults(`name: a\n#${"x".repeat(1024 * 1024)}`), ["plant.yaml:1:1 SIZE_LIMIT"]);
});

test("a syntax error does not hide the faults of what can still be read", async () => {
  assert.deepEqual(await faults("hub:\n  port: [1, 2\nnam: plant\n"), [
    "plant.yaml:2:9 SETTING_INVALID",
    "plant.yaml:3:1 YAML_INVALID",
    "plant.yaml:3:1 SETTING_UNKNOWN",
  ]);
});

test("a report holds 500 faults and counts the rest", async () => {
  const keys = (count: number) => Array.from({ length: count }, (_, index) => `key_${index}: 1\n`).join("");

  assert.equal((await read(keys(500))).diagnostics.length, 500);
  const { diagnostics } = await read(keys(502));
  assert.equal(diagnostics.length, 501);
  assert.equal(diagnostics.at(-1)?.message, "Cannot list every fault as a report holds 500: there are 2 more");
});

test("carets stand under the word behind tabs and in long lines", async () => {
  const { diagnostics } = await read(`name: plant\nhub: { host: ${"h".repeat(200)},\tprt: 1 }\n`);

  const [, excerpt, carets] = formatDiagnostics(diagnostics).split("\n");
  assert.equal(excerpt?.slice(carets?.indexOf("^"), carets?.length), "prt");
});

test("sections whose nodes are all commented out are empty", async () => {
  const { graph } = await read("name: plant\nsources:\n  # meters: {}\n");

  assert.deepEqual(graph?.nodes, []);
});

test("the name of a graph is that of its file unless told", async () => {
  assert.equal((await read("stop_timeout: 1 s\n")).graph?.name, "plant");
});

test("an alias stands for the value of its anchor", async () => {
  const { graph } = await read("sources:\n  a: &a { type: flow/mqtt/json, host: h }\n  b: *a\n");

  assert.deepEqual(graph?.nodes[1]?.settings, graph?.nodes[0]?.settings);
});

test("an alias bomb, a knot of aliases and deep nesting are refused long before they are expanded", async () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]"];
  for (const [index, name] of [..."bcdefghi"].entries()) {
    const before = "abcdefghi"[index];
    bomb.push(`${name}: &${name} [${Array.from({ length: 9 }, () => `*${before}`).join(", ")}]`);
  }
  const texts = [
    bomb.join("\n"),
    "a: &a [*a, *a]\n",
    `a: ${"[".repeat(20_000)}`,
    "- ".repeat(100_000),
    "a: ".repeat(90_000),
  ];

  for (const text of texts) {
    const start = performance.now();
    const found = await faults(text);
    assert.ok(performance.now() - start < 5_000, text.slice(0, 20));
    assert.ok(
      found.some((fault) => /SIZE_LIMIT|YAML_INVALID/.test(fault)),
      text.slice(0, 20),
    );
  }
});

test("a file is read from the disk with what it includes, and a missing one is a diagnostic", async () => {
  const folder = await mkdtemp(join(tmpdir(), "graph-file-"));
  try {
    const file = join(folder, "plant.yaml");
    await writeFile(file, `include: more.yaml\n${source("port: 1")}`);
    await writeFile(join(folder, "more.yaml"), "plugins: [a.js]\nnonsense: 1\n");

    assert.deepEqual(
      (await readPluginList(file, { environment: {} })).map(({ path }) => path),
      ["a.js"],
    );
    const { diagnostics } = await readGraphFile(file, { catalogue, environment: {} });
    assert.deepEqual(
      diagnostics.map(({ file, line }) => [file, line]),
      [[join(folder, "more.yaml"), 2]],
    );
    const missing = await readGraphFile(join(folder, "none.yaml"), { catalogue, environment: {} });
    assert.deepEqual(
      missing.diagnostics.map(({ code }) => code),
      ["PATH_UNREADABLE"],
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
