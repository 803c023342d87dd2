import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { sentenceOf } from "../../runtime/errors.ts";
import { builtInCatalogue } from "../catalogue.ts";
import { Failure, exitCodes } from "../exit.ts";
import { packageFolder } from "../package-folder.ts";
import type { PluginKind } from "../plugin-kinds.ts";
import { version } from "../version.ts";

/**
 * Writes a package with a plugin of one kind, a graph that uses it, and tests of both, into `folder`, or one of its name.
 * Nothing is overwritten.
 */
export function newPlugin(name: string, { kind, folder = name }: { kind: PluginKind; folder?: string }): void {
  checkName(name);
  checkFree(name, kind);
  const words = { "plugin-name": name, "millrace-version": `^${version()}` };
  const files = [...templates("plugin"), ...templates(kind)];
  write(
    folder,
    files.map(([path, text]) => [filled(path, words), filled(text, words)]),
  );
  const install = `Next: cd ${folder} && npm install && npm test`;
  process.stderr.write(`${install}\n`);
}

/** Writes a graph file of that name into `folder`: a small one that says what is what, or one of the examples. */
export function newGraph(name: string, { from, folder = "." }: { from?: string; folder?: string }): void {
  checkName(name);
  const text =
    from === undefined ? filled(graphTemplate(), { "graph-name": name }) : renamed(exampleText(from), from, name);
  write(folder, [[`${name}.yaml`, text]]);
  process.stderr.write(`Next: millrace check ${join(folder, `${name}.yaml`)}\n`);
}

/** A graph's name, a package's name and a file's name in one. */
function checkName(name: string): void {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 63) return;
  const rule = "it must be a letter, then letters and digits, in lower case, with single dashes between, at most 63";
  throw new Failure(exitCodes.usage, `Cannot use the name as ${rule}: it is ${JSON.stringify(name)}`);
}

/** The plugin must load beside what is built in, and npm must tell its package from ours. */
function checkFree(name: string, kind: PluginKind): void {
  try {
    builtInCatalogue().add({ kind, name, type: name } as never);
  } catch (fault) {
    throw new Failure(exitCodes.usage, sentenceOf(fault));
  }
  if (name !== "millrace") return;
  throw new Failure(exitCodes.usage, 'Cannot call a plugin "millrace" as its package needs one of that name');
}

const templateFolder = new URL("cli/templates/", packageFolder);
const exampleFolder = new URL("config/examples/", packageFolder);

/** Path and text of each file of a kind of template. npm packs no file called `.gitignore`. */
function templates(kind: string): [path: string, text: string][] {
  const folder = fileURLToPath(new URL(`${kind}/`, templateFolder));
  return readdirSync(folder).map((file) => [
    file === "gitignore" ? ".gitignore" : file,
    readFileSync(join(folder, file), "utf8"),
  ]);
}

function graphTemplate(): string {
  return readFileSync(new URL("graph/graph-name.yaml", templateFolder), "utf8");
}

function exampleText(example: string): string {
  const names = readdirSync(exampleFolder)
    .filter((file) => file.endsWith(".yaml"))
    .map((file) => basename(file, ".yaml"));
  if (names.includes(example)) return readFileSync(new URL(`${example}.yaml`, exampleFolder), "utf8");
  const rule = `it must be one of ${names.join(", ")}`;
  throw new Failure(exitCodes.usage, `Cannot take the example as ${rule}: it is ${JSON.stringify(example)}`);
}

/** An example under another name: that of the graph, of its folder of data, and of the file in its comments. */
function renamed(text: string, example: string, name: string): string {
  return text
    .replace(/^name: .*$/m, `name: ${name}`)
    .replaceAll(`config/examples/${example}.yaml`, `${name}.yaml`)
    .replaceAll(`/${example}/`, `/${name}/`);
}

function filled(text: string, words: Readonly<Record<string, string>>): string {
  return Object.entries(words).reduce((before, [word, value]) => before.replaceAll(word, value), text);
}

/** All of them, or none where one is there already. */
function write(folder: string, files: readonly (readonly [path: string, text: string])[]): void {
  for (const [path] of files) {
    if (existsSync(join(folder, path)))
      throw new Failure(exitCodes.usage, `Cannot write "${join(folder, path)}" as it is there already`);
  }
  for (const [path, text] of files) {
    const target = join(folder, path);
    try {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text, { flag: "wx" });
    } catch (cause) {
      throw new Failure(exitCodes.outside, `Cannot write "${target}": ${sentenceOf(cause)}`);
    }
    process.stdout.write(`${target}\n`);
  }
}
