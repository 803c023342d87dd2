import { expect, test } from "vitest";
import { pluginComponent } from "../../cli/plugin-component.ts";
import { record } from "../../plugin.ts";

const origin = { plugin: "./p.js", module: "file:///p.js", exportName: "it" };
const f = () => {};
const derivator = { appliesTo: f, resultType: f, seed: f, add: f, merge: f, result: f, encode: f, decode: f };
const settings = record({});

const sound: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  source: { type: "a", settings, open: f, finite: f },
  sink: { type: "a", settings, open: f },
  store: { type: "a", settings, open: f },
  buffer: { type: "a", settings, open: f },
  block: { type: "a", settings, open: f },
  composite: { type: "a", settings, expand: f },
  derivator: { name: "a", ...derivator },
  derivation: { name: "a", appliesTo: f, derive: f },
  type: { name: "a" },
};
const configurable = { name: "a", settings, configure: f };

test.each([...Object.entries(sound), ["derivator", configurable], ["derivation", configurable]] as const)(
  "a %s comes with its origin, and one that lacks a part is refused with the part",
  (kind, parts) => {
    expect(pluginComponent({ kind, ...parts }, origin)).toEqual({ kind, ...parts, origin });
    for (const part of Object.keys(parts)) {
      const { [part]: _, ...lacking } = parts as Record<string, unknown>;
      // Without settings it is one that needs none.
      if (part === "settings" && parts.name !== undefined) continue;
      const expected = ["type", "name"].includes(part) ? `a ${part}, which is text` : part;
      expect(() => pluginComponent({ kind, ...lacking }, origin), part).toThrow(`its export "it", the ${kind}`);
      expect(() => pluginComponent({ kind, ...lacking }, origin), part).toThrow(expected);
    }
  },
);

test.each([[undefined], [null], [1], ["source"], [f], [{}], [{ kind: 3 }], [{ kind: "constructor" }], [[record({})]]])(
  "%j is nothing that we know",
  (value) => expect(pluginComponent(value, origin)).toBeUndefined(),
);

test("settings that were not made with `record`, and functions that only its class has, are refused", () => {
  expect(() => pluginComponent({ kind: "sink", ...sound.sink, settings: { host: "text" } }, origin)).toThrow(
    'the sink "a", must have settings, made with `record`',
  );
  class Mine {
    readonly kind = "derivation";
    readonly name = "mine";
    appliesTo = f;
    derive() {}
  }
  expect(() => pluginComponent(new Mine(), origin)).toThrow("must have the function `derive`");
});
