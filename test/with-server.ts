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
  const server = await status(name);
  if (server !== undefined) {
    describe(subject, () => tests(server));
    return;
  }
  const why = `${name} does not run ("npm run services -- up ${name}" starts it)`;
  if (process.env.CI === "true") test(subject, () => assert.fail(`Cannot test ${subject} as ${why}`));
  else test.skip(`${subject}, as ${why}`, () => {});
  const list = process.env.MILLRACE_SKIPPED;
  if (list !== undefined) appendFileSync(list, `${subject}\t${why}\n`);
}
