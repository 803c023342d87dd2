import { EngineError, type ErrorCode, errorCodes, sentenceOf } from "../errors.ts";

/** An error as it crosses to another thread: a copy would lose its class and code. */
export interface WireError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly code: string | undefined;
  readonly retryable: boolean;
}

export function toWire(thrown: unknown): WireError {
  const error = thrown instanceof Error ? thrown : new Error(sentenceOf(thrown));
  const engine = error instanceof EngineError ? error : undefined;
  return {
    name: error.name,
    message: error.message,
    stack: error.stack,
    code: engine?.code,
    retryable: engine?.retryable ?? false,
  };
}

/** @returns an `EngineError` where it was one, else an error of the same name and message. */
export function fromWire({ name, message, stack, code, retryable }: WireError): Error {
  const error = isCode(code) ? new EngineError(code, message, { retryable }) : new Error(message);
  if (!(error instanceof EngineError)) error.name = name;
  if (stack !== undefined) error.stack = stack;
  return error;
}

function isCode(code: string | undefined): code is ErrorCode {
  return code !== undefined && Object.hasOwn(errorCodes, code);
}
