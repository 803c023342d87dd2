import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { describe, test } from "vitest";
import { status } from "../tools/services/control.ts";
import type { Running } from "../tools/services/running.ts";

/**
 * Declares tests that need a real server. Where it does not run they are skipped, and the end of the run says so in a line; with
 * `CI=true` that is a failure.
 *
 * @param name As for `npm run services -- up`.
 * @param subject What the tests are about.
 */
export async function withServer(name: string, subject: string, tests: (server: Running) => void): Promise<void> {
  await withServers([name], subject, ([server]) => tests(server));
}

/** The same for tests that need several servers. */
export async function withServers<const Names extends readonly string[]>(
  names: Names,
  subject: string,
  tests: (servers: { [Place in keyof Names]: Running }) => void,
): Promise<void> {
  const servers = await Promise.all(names.map(status));
  const missing = names.filter((_, place) => servers[place] === undefined);
  if (missing.length === 0) {
    describe(subject, () => tests(servers as { [Place in keyof Names]: Running }));
    return;
  }
  const verb = missing.length === 1 ? "does" : "do";
  const why = `${missing.join(" and ")} ${verb} not run ("npm run services -- up ${missing.join(" ")}" starts ${missing.length === 1 ? "it" : "them"})`;
  if (process.env.CI === "true") test(subject, () => assert.fail(`Cannot test ${subject} as ${why}`));
  else test.skip(`${subject}, as ${why}`, () => {});
  const list = process.env.MILLRACE_SKIPPED;
  if (list !== undefined) appendFileSync(list, `${subject}\t${why}\n`);
}
