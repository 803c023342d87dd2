import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * Runs `millrace` with these arguments in a process of its own, as a user would, and gives what it printed.
 *
 * @param options `cwd` is the folder it runs in, `env` what is added to the environment.
 * @throws an error with `code`, `stdout` and `stderr` where the exit code is not 0, or where it takes longer than a minute.
 */
export async function runCommand(
  args: readonly string[],
  { cwd, env }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const main = fileURLToPath(new URL("./main.js", import.meta.url));
  const options = { ...(cwd !== undefined && { cwd }), env: { ...process.env, ...env }, timeout: 60_000 };
  return promisify(execFile)(process.execPath, [main, ...args], options);
}
