import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../millrace-process.ts";
import { handbook } from "./handbook.ts";

const links = handbook().flatMap(({ path, text }) =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => [path, target] as const),
);

test.each(links)("%s links to %s, which is there", (path, target) => {
  const [file = "", anchor] = target.split("#");
  const place = file === "" ? join(root, path) : join(root, dirname(path), file);
  expect(existsSync(place)).toBe(true);
  if (anchor !== undefined) expect(anchorsOf(readFileSync(place, "utf8"))).toContain(anchor);
});

test("every page of the handbook is in its contents", () => {
  const contents = readFileSync(join(root, "docs/README.md"), "utf8");
  const pages = handbook()
    .map(({ path }) => path)
    .filter((path) => path.startsWith("docs/") && path !== "docs/README.md");
  expect(pages.filter((path) => !contents.includes(`](${path.slice("docs/".length)})`))).toEqual([]);
});

/** As the usual renderers of Markdown make them from headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}
