import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import { test } from "vitest";
import { graphSchema } from "../../config/json-schema.ts";
import { catalogue } from "./catalogue-fixture.ts";

const accepts = new Ajv2020({ strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false }).compile(
  graphSchema(catalogue),
);
const withSource = (settings: object) => ({ sources: { meters: { type: "flow/mqtt/json", host: "h", ...settings } } });

test("the JSON Schema takes a graph that the checker takes", () => {
  const graph = {
    ...withSource({ port: 1883, security: { type: "password", user: "ada", password: { env: "PASSWORD" } } }),
    name: "plant",
    buffers: { raw: { type: "disk", path: "./data", from: ["meters"] } },
    blocks: { once: { type: "dedupe", from: "raw", window: "2 seconds" } },
    sinks: { out: { type: "stdout/json", from: "once.out" } },
    stores: null,
    stop_timeout: "1 s",
  };

  assert.ok(accepts(graph), JSON.stringify(accepts.errors));
});

test("the JSON Schema refuses what the checker refuses", () => {
  assert.equal(accepts({ nam: "plant" }), false);
  assert.equal(accepts(withSource({ prt: 1 })), false);
  assert.equal(accepts(withSource({ port: 65_536 })), false);
  assert.equal(accepts(withSource({ from: "other" })), false);
  assert.equal(accepts(withSource({ type: "flow/mqtt/jsn" })), false);
  assert.equal(accepts({ sources: { meters: { host: "h" } } }), false);
  assert.equal(accepts({ sinks: { out: { type: "stdout/json" } } }), false);
  assert.equal(accepts({ sinks: { "a.b": { type: "stdout/json", from: "x" } } }), false);
});

test("the JSON Schema takes a variable where a number is wanted", () => {
  assert.equal(accepts(withSource({ port: `\${PORT:-1883}` })), true);
  assert.equal(accepts(withSource({ port: "1883" })), false);
});

test("the JSON Schema carries what each setting is for, its default and an example", () => {
  const definitions = graphSchema(catalogue).$defs as Record<string, { properties: Record<string, object> }>;

  assert.deepEqual(definitions["sources.poll.modbus.tcp"]?.properties.interval, {
    default: "1 minute",
    description: "Time between two polls.",
    examples: ["5 seconds"],
    type: "string",
  });
  assert.deepEqual(definitions["sources.poll.modbus.tcp"]?.properties.type, {
    const: "poll/modbus/tcp",
    description: "Polls a device.",
  });
});
