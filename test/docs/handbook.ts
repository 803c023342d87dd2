import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../millrace-process.ts";

/** One page, by its path from the root of the project. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A block of code in a page. */
export interface Fence {
  readonly page: string;
  /** Of its first line, from 1. */
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const papers = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "config/README.md"];

/** The handbook and the papers at the root. */
export function handbook(): Page[] {
  const names = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" });
  const pages = names.filter((name) => name.endsWith(".md")).map((name) => `docs/${name.replaceAll("\\", "/")}`);
  return [...papers, ...pages.sort()].map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** The blocks of code of one language, in the order of the pages. */
export function fences(language: string, pages = handbook()): Fence[] {
  return pages.flatMap(({ path, text }) =>
    [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)]
      .filter(([, given]) => given === language)
      .map((match) => ({
        page: path,
        line: text.slice(0, match.index).split("\n").length + 1,
        language,
        text: match[2] ?? "",
      })),
  );
}

/** In order of first appearance. */
export function groupedBy<T>(all: readonly T[], keyOf: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(keyOf(one), [...(groups.get(keyOf(one)) ?? []), one]);
  return groups;
}
