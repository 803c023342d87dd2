import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";
import { root } from "./millrace-process.ts";

// The house rules that a linter cannot know. The rooms and their floors: ARCHITECTURE.md.

const rooms: Readonly<Record<string, readonly string[]>> = {
  runtime: [],
  config: ["runtime/errors.ts"],
  blocks: ["runtime", "config"],
  connectors: ["runtime", "config", "blocks/model"],
  graphs: ["runtime", "config", "blocks/model"],
  hub: ["runtime", "config", "blocks", "connectors", "graphs"],
  cli: ["runtime", "config", "blocks", "connectors", "graphs", "hub"],
};
/** Open to other programs; `cli/main.ts` is the command. */
const doors = ["millrace.ts", "plugin.ts", "testing.ts", "cli/main.ts"];

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts"], { cwd: root })
  .toString()
  .trim()
  .split("\n");
const ours = files.filter((file) => roomOf(file) !== undefined || doors.includes(file));
const texts = new Map(ours.map((file) => [file, readFileSync(join(root, file), "utf8")]));
const imports = new Map(ours.map((file) => [file, importsOf(file)]));

test("a room imports only the floors below it, and no connector imports another, nor a block a block", () => {
  expect(ours.length).toBeGreaterThan(100);
  const wrong = ours.flatMap((file) =>
    (imports.get(file) ?? []).filter((target) => !mayImport(file, target)).map((target) => `${file} -> ${target}`),
  );
  expect(wrong).toEqual([]);
});

test("every file is reached from a door", () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const target of imports.get(file) ?? []) visit(target);
  };
  for (const door of doors) visit(door);
  expect(ours.filter((file) => !reached.has(file))).toEqual([]);
});

test("time and chance come from the clock alone", () => {
  const banned =
    /\b(Date\.now|Math\.random|performance\.now|process\.hrtime)\(|(?<![.\w])(setTimeout|setInterval|setImmediate)\(/;
  const wrong = ours.filter(
    (file) =>
      /^(runtime|blocks|connectors|graphs|config)\//.test(file) &&
      !file.startsWith("runtime/clock/") &&
      banned.test(code(file)),
  );
  expect(wrong).toEqual([]);
});

test("no file is named for a kind, and none outgrows a reader", () => {
  const kinds = /(^|\/)(index|utils?|helpers?|common|misc|types|constants)\.ts$/;
  expect(files.filter((file) => kinds.test(file))).toEqual([]);
  expect(ours.filter((file) => (texts.get(file) ?? "").split("\n").length > 500)).toEqual([]);
});

test("nothing is left for later in the code", () => {
  expect(ours.filter((file) => /\b(TODO|FIXME|XXX|HACK)\b/.test(texts.get(file) ?? ""))).toEqual([]);
});

function roomOf(file: string): string | undefined {
  const [room = ""] = file.split("/");
  return Object.hasOwn(rooms, room) ? room : undefined;
}

function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(texts.get(file) ?? "", true, true);
  return importedFiles
    .map(({ fileName }) => fileName)
    .filter((name) => name.startsWith("."))
    .map((name) => normalize(join(dirname(file), name)));
}

function mayImport(file: string, target: string): boolean {
  const room = roomOf(file);
  if (room === undefined) return true;
  if (roomOf(target) === room) return !isSideways(file, target);
  return (rooms[room] ?? []).some((allowed) => target === allowed || target.startsWith(`${allowed}/`));
}

/** Catalogues may name them all. Folders of a connector, and the blocks at the top of `blocks/`, keep to themselves. */
function isSideways(file: string, target: string): boolean {
  if (file.endsWith("/catalogue.ts")) return false;
  if (file.startsWith("connectors/")) return dirname(file).split("/")[1] !== dirname(target).split("/")[1];
  return dirname(file) === "blocks" && dirname(target) === "blocks";
}

/** The text of a file without comments. */
function code(file: string): string {
  return (texts.get(file) ?? "").replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, "");
}
