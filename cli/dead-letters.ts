import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { ComponentContext } from "../blocks/model/component.ts";
import type { GraphFile } from "../config/graph-file.ts";
import { jsonlSink } from "../connectors/jsonl/sink.ts";
import { EngineError, sentenceOf } from "../runtime/errors.ts";

/** One file for each node whose rejected things nobody listens to. */
export async function openDeadLetters({ deadLetters }: GraphFile, context: ComponentContext) {
  try {
    await mkdir(deadLetters.path, { recursive: true });
  } catch (cause) {
    const sentence = `Cannot make the folder of dead letters "${deadLetters.path}": ${sentenceOf(cause)}`;
    throw new EngineError("PATH_UNREADABLE", sentence, { cause });
  }
  const path = join(deadLetters.path, `${context.node.replaceAll("/", ".")}.jsonl`);
  return jsonlSink.open({ path, max_bytes: deadLetters.bytesMax }, context);
}
