import type { ComponentDefinition } from "../blocks/model/component.ts";
import { cassandraStore } from "./cassandra/store.ts";
import { tsorageSource } from "./cassandra/tsorage-source.ts";
import { csvSource } from "./csv/source.ts";
import { diskBuffer } from "./embedded/buffer.ts";
import { embeddedStore } from "./embedded/store.ts";
import { hostSource } from "./host/source.ts";
import { httpSource } from "./http/source.ts";
import { jsonlSink } from "./jsonl/sink.ts";
import { jsonlSource } from "./jsonl/source.ts";
import { kafkaBuffer } from "./kafka/buffer.ts";
import { kafkaJsonSink, kafkaProtobufSink } from "./kafka/sink.ts";
import { kafkaJsonSource, kafkaProtobufSource } from "./kafka/source.ts";
import { memoryBuffer } from "./memory/buffer.ts";
import { memoryStore } from "./memory/store.ts";
import { randomSource } from "./random/source.ts";
import { stdoutSink } from "./stdout/sink.ts";

/** Every connector that comes with the engine. One line here is the whole of registration. */
export const connectors = [
  csvSource,
  hostSource,
  httpSource,
  jsonlSource,
  kafkaJsonSource,
  kafkaProtobufSource,
  randomSource,
  tsorageSource,
  jsonlSink,
  kafkaJsonSink,
  kafkaProtobufSink,
  stdoutSink,
  cassandraStore,
  embeddedStore,
  memoryStore,
  diskBuffer,
  kafkaBuffer,
  memoryBuffer,
] as const satisfies readonly ComponentDefinition[];
