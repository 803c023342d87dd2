import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { millrace, root, temporaryFolder } from "../millrace-process.ts";
import { type Fence, fences, groupedBy } from "./handbook.ts";

const run = promisify(execFile);

/** A command as a page shows it, with what it prints on standard output. */
interface Shown {
  readonly command: string;
  readonly output: string;
}

function shownIn({ text }: Fence): Shown[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((part) => {
      const [command = "", ...output] = part.replaceAll("\\\n", " ").split("\n");
      return { command, output: output.join("\n") };
    });
}

/** Runs a line of the shell as it stands, with the command of the sources for the installed one. */
async function outputOf(command: string, environment: Record<string, string>): Promise<string> {
  const line = command.replace(/^npx millrace\b/, `"${process.execPath}" --import tsx "${join(root, "cli/main.ts")}"`);
  const { stdout } = await run("sh", ["-c", line], { cwd: root, env: { ...process.env, ...environment } });
  return stdout;
}

const pages = groupedBy(fences("console"), ({ page }) => page);

test.each([...pages])(
  "what %s shows on a terminal is what the commands print",
  async (_page, shown) => {
    const environment = { DATA: temporaryFolder(), COLUMNS: "100" };
    for (const { command, output } of shown.flatMap(shownIn)) {
      expect(await outputOf(command, environment), command).toBe(output);
    }
  },
  120_000,
);

test("every command and option that a page names is one that the command line takes", async () => {
  const lines = [...fences("sh"), ...fences("console")].flatMap(({ text }) => text.replaceAll("\\\n", " ").split("\n"));
  const calls = lines.flatMap((line) => [...line.matchAll(/\bmillrace ((?:new )?\w+)([^|#]*)/g)]);
  const options = groupedBy(calls, ([, name = ""]) => name);
  expect(options.size).toBeGreaterThan(4);
  for (const [name, uses] of options) {
    const { code, stdout } = await millrace([...name.split(" "), "--help"]);
    expect(code, name).toBe(0);
    for (const [, , rest = ""] of uses) {
      for (const [option] of rest.replaceAll(/'[^']*'/g, "").matchAll(/--[a-z][a-z-]*/g)) {
        expect(stdout, `${name} ${option}`).toContain(option);
      }
    }
  }
}, 60_000);
