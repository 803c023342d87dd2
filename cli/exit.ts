import { EngineError, type ErrorCode } from "../runtime/errors.ts";

/** What the exit code of the command says. */
export const exitCodes = {
  success: 0,
  /** The thing checked is wrong: a graph file, the books, a query. */
  wrong: 1,
  /** The command was called with arguments that it does not take. */
  usage: 2,
  /** An outside system failed: a file, a port, a server. */
  outside: 3,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Ends the command with a text on stderr and an exit code. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, text: string) {
    super(text);
    this.exitCode = exitCode;
  }
}

const wrong = new Set<ErrorCode>([
  "SETTING_UNKNOWN",
  "SETTING_MISSING",
  "SETTING_INVALID",
  "COMPONENT_UNKNOWN",
  "WIRING_INVALID",
  "PLUGIN_INVALID",
  "SELECTOR_INVALID",
  "TIMESTAMP_INVALID",
  "SIZE_LIMIT",
  "AUDIT_UNBALANCED",
]);

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Failure) return error.exitCode;
  if (!(error instanceof EngineError)) return exitCodes.wrong;
  if (error.code === "USAGE_INVALID") return exitCodes.usage;
  return wrong.has(error.code) ? exitCodes.wrong : exitCodes.outside;
}

/** The text for stderr: place, code and sentence of a fault; the stack of a bug. */
export function textOf(error: unknown): string {
  if (error instanceof Failure) return error.message;
  if (!(error instanceof EngineError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const { file, line, column, node } = error.where;
  const place = file === undefined ? "" : `${[file, line, column].filter((part) => part !== undefined).join(":")}: `;
  return `${place}error ${error.code} ${node === undefined ? "" : `${node}: `}${error.message}`;
}
