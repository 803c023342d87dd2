import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { root } from "../millrace-process.ts";
import { handbook } from "./handbook.ts";

const page = handbook().find(({ path }) => path === "ARCHITECTURE.md")?.text ?? "";

test("the table of rooms and the line below it name every folder of the project, and no other", () => {
  const part = /^## The rooms$([\s\S]*?)^## /m.exec(page)?.[1] ?? "";
  const inTable = [...part.matchAll(/^\| \d \| `(\w+)\/`/gm)].map(([, room]) => room);
  const beside = [...(/^Beside them: (.*)$/m.exec(part)?.[1] ?? "").matchAll(/`(\w+)\/`/g)].map(([, room]) => room);
  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" }).split("\n");
  const folders = new Set(files.filter((file) => /^\w+\//.test(file)).map((file) => file.split("/")[0]));
  expect([...inTable, ...beside].sort()).toEqual([...folders].sort());
});
