import { EngineError, sentenceOf } from "../runtime/errors.ts";

/** A fault that was thrown while opening, with the node it happened at. */
export function atNode(error: unknown, node: string): EngineError {
  if (error instanceof EngineError) {
    return error.where.node !== undefined
      ? error
      : new EngineError(error.code, error.message, { ...error, where: { ...error.where, node }, cause: error });
  }
  return new EngineError("STAGE_FAILED", sentenceOf(error), { where: { node }, cause: error });
}
