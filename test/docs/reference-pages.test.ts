import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtInCatalogue } from "../../cli/catalogue.ts";
import { sections } from "../../config/catalogue.ts";
import { referencePages } from "../../tools/reference-pages.ts";
import { root } from "../millrace-process.ts";

test.each([...referencePages()])("%s is what `npm run docs` writes", (path, text) => {
  expect(readFileSync(join(root, path), "utf8")).toBe(text);
});

test("there is one reference page a section, one of operators, one of the rules of Reactive Streams, and no other", () => {
  const pages = [...sections, "operators", "reactive-streams"].map((page) => `${page}.md`);
  expect(readdirSync(join(root, "docs/reference")).sort()).toEqual(pages.sort());
});

test.each(sections)("every component of the section %s has its part, and every setting its row", (section) => {
  const text = referencePages().get(`docs/reference/${section}.md`) ?? "";
  const components = [...builtInCatalogue()[section].values()];
  expect(components.length).toBeGreaterThan(0);
  for (const { type, settings } of components) {
    const part = text.split(`\n## \`${type}\`\n`)[1]?.split("\n## ")[0] ?? "";
    for (const key of Object.keys(settings.shape)) expect(part).toMatch(new RegExp(`^\\| \`${key}[\`.]`, "m"));
  }
});

test("no component declares a key that every node has: it could not be set", () => {
  const catalogue = builtInCatalogue();
  const keys = sections.flatMap((section) =>
    [...catalogue[section].values()].flatMap(({ type, settings }) =>
      Object.keys(settings.shape).map((key) => `${type} ${key}`),
    ),
  );
  expect(keys.filter((key) => / (type|from)$/.test(key))).toEqual([]);
});
