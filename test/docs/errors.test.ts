import { expect, test } from "vitest";
import { errorCodes } from "../../runtime/errors.ts";
import { handbook } from "./handbook.ts";

const page = handbook().find(({ path }) => path === "docs/errors.md")?.text ?? "";
const parts = page.split(/^### /m).slice(1);

test("errors.md has one section a code, in the order of the list", () => {
  expect(parts.map((part) => part.split("\n")[0])).toEqual(Object.keys(errorCodes).map((code) => `\`${code}\``));
});

test.each(Object.entries(errorCodes))(
  "the section of %s gives its meaning, its causes and what to do",
  (code, meaning) => {
    const part = parts.find((text) => text.startsWith(`\`${code}\`\n`)) ?? "";
    expect(part).toContain(`\n${meaning}\n`);
    expect(part).toMatch(/^Causes: .{20}/m);
    expect(part).toMatch(/^What to do: .{20}/m);
  },
);
