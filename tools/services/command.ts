import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

export interface Ran {
  readonly code: number;
  readonly output: string;
}

/** Runs a program to its end, without a shell. A program that is not there has code 127. */
export async function run(program: string, args: readonly string[], cwd = process.cwd()): Promise<Ran> {
  try {
    const { stdout, stderr } = await execute(program, args, { cwd, maxBuffer: 64 * 1024 * 1024 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout = "", stderr = "" } = error as { code?: number | string; stdout?: string; stderr?: string };
    if (code === "ENOENT") return { code: 127, output: `"${program}" is not installed` };
    return { code: typeof code === "number" ? code : 1, output: `${stdout}${stderr}` || String(error) };
  }
}

/** Like `run`, and a failure is an error that says `what` could not be done and why. */
export async function mustRun(what: string, program: string, args: readonly string[], cwd?: string): Promise<string> {
  const { code, output } = await run(program, args, cwd);
  if (code !== 0)
    throw new Error(`Cannot ${what} as "${program}" failed: ${output.trim().split("\n").slice(-5).join("\n")}`);
  return output;
}
