import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";
import { fences, handbook } from "./handbook.ts";

const page = handbook().filter(({ path }) => path === "docs/plugins.md");
const only = (language: string) => fences(language, page)[0]?.text ?? "";

test("the plugin of the handbook gives what the page says", async () => {
  const folder = temporaryFolder();
  const door = pathToFileURL(join(root, "plugin.ts")).href;
  mkdirSync(join(folder, "plugins"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
  writeFileSync(join(folder, "plugins/comfort.js"), only("js").replace("millrace/plugin", door));
  writeFileSync(join(folder, "readings.jsonl"), only("json"));
  // The command runs in the root of the project.
  const graph = join(folder, "comfort.yaml");
  writeFileSync(graph, only("yaml").replaceAll(/path: \.\//g, `path: ${folder}/`));
  const dead = ["--set", `dead_letters.path=${folder}/dead-letters`];
  const ran = await millrace(["run", graph, "--until-idle", "--quiet", ...dead]);
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  const values = ["--every", "1d", "--value", "count,last,range", "--format", "csv"];
  const { stdout } = await millrace(["query", "{}", "--graph", graph, ...values]);
  expect(stdout).toBe(only("text"));
});
