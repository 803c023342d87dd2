import { EngineError } from "../../errors.ts";

/** The failure of a stream that was too slow; a new run may be faster. */
export function streamTimeout(rule: string, timeoutMs: number): EngineError {
  const sentence = `Cannot go on with the stream as ${rule} within ${timeoutMs} ms: it is later`;
  return new EngineError("STREAM_TIMEOUT", sentence, { retryable: true });
}
