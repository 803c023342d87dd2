import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Runs around all tests: says at the end which suites had no server, in one line for each server. */
export default function collect(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "millrace-skipped-"));
  const list = join(folder, "list");
  writeFileSync(list, "");
  // The processes of the tests inherit it.
  process.env.MILLRACE_SKIPPED = list;
  return () => {
    for (const line of skippedLines(readFileSync(list, "utf8"))) console.warn(line);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** @param list Lines of a subject, a tab and a reason. */
export function skippedLines(list: string): string[] {
  const subjects = new Map<string, string[]>();
  for (const line of list.split("\n")) {
    const [subject = "", why] = line.split("\t");
    if (why !== undefined) subjects.set(why, [...(subjects.get(why) ?? []), subject]);
  }
  return [...subjects].map(([why, all]) => `Skipped as ${why}: ${[...new Set(all)].sort().join(", ")}`);
}
