import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const command = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
/** What is kept of what a process prints; a long run logs each of its failures. */
const textMax = 20_000;

/** The `millrace` command, as a process of its own. */
export class EngineProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;
  stdout = "";
  stderr = "";
  /** How often a segment failed and was begun again. */
  restarts = 0;

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    const loader = ["--import", import.meta.resolve("tsx")];
    this.#child = spawn(process.execPath, [...loader, command, ...args], {
      env: { ...process.env, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.restarts += text.split("Segment failed").length - 1;
      this.stderr = (this.stderr + text).slice(-textMax);
    });
    this.#ended = once(this.#child, "close").then(([code]) => code as number | null);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** @returns its exit code; null where a signal ended it. */
  get ended(): Promise<number | null> {
    return this.#ended;
  }

  kill(signal: "SIGKILL" | "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return this.#ended;
  }
}
