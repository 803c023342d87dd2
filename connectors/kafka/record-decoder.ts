import type { KafkaMessage } from "kafkajs";
import type { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { decodeJsonMessages } from "../../blocks/model/json-message.ts";
import { decodeProtobufMessage } from "../../blocks/model/protobuf-message.ts";
import { EngineError, type ErrorCode } from "../../runtime/errors.ts";

/** Adds the data points of one record; what it refuses it answers, and adds nothing of that. */
export type RecordDecoder = (
  record: KafkaMessage,
  into: ChunkBuilder,
) => readonly { readonly code: ErrorCode; readonly reason: string }[];

/** One message, an array of messages, or messages one a line. */
export const decodeJsonRecord: RecordDecoder = ({ value }, into) =>
  value === null ? [withoutValue] : decodeJsonMessages(value.toString("utf8"), into, { table: into.table }).rejected;

/** One `MessagePB`. */
export const decodeProtobufRecord: RecordDecoder = ({ value }, into) => {
  if (value === null) return [withoutValue];
  try {
    decodeProtobufMessage(value, into, { table: into.table });
    return [];
  } catch (fault) {
    if (!(fault instanceof EngineError)) throw fault;
    return [{ code: fault.code, reason: fault.message }];
  }
};

const withoutValue = {
  code: "MESSAGE_INVALID",
  reason: "Cannot read the record as it must have a value: it has none",
} as const;
