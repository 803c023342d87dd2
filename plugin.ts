export type { Aggregation } from "./blocks/model/aggregation.ts";
export { ChunkBuilder } from "./blocks/model/chunk-builder.ts";
export type { Column, Points } from "./blocks/model/columns.ts";
export {
  type BlockContext,
  type BlockDefinition,
  type BufferDefinition,
  type ComponentContext,
  type CompositeDefinition,
  defineBlock,
  defineBuffer,
  defineComposite,
  defineSink,
  defineSource,
  defineStore,
  type ElementKind,
  type SinkDefinition,
  type SinkElement,
  type SourceContext,
  type SourceDefinition,
  type SourceElement,
  type StoreDefinition,
} from "./blocks/model/component.ts";
export type { DataType, Position2d } from "./blocks/model/data-type.ts";
export { type DeadLetter, DeadLetterChunk } from "./blocks/model/dead-letter.ts";
export {
  type ConfigurableDerivation,
  type Derivation,
  type DerivationFunctions,
  type DerivedObservation,
  defineDerivation,
} from "./blocks/model/derivation.ts";
export {
  type ConfigurableDerivator,
  type Derivator,
  type DerivatorFunctions,
  defineDerivator,
} from "./blocks/model/derivator.ts";
export { decodeJsonMessages } from "./blocks/model/json-message.ts";
export { messagesOf } from "./blocks/model/json-output.ts";
export { ObservationChunk } from "./blocks/model/observation-chunk.ts";
export { decodeProtobufMessage } from "./blocks/model/protobuf-message.ts";
export { encodeProtobufMessages } from "./blocks/model/protobuf-output.ts";
export { type Series, SeriesTable, type Tagset } from "./blocks/model/series.ts";
export { type CustomTypes, defineType, type TypeDefinition } from "./blocks/model/type-definition.ts";
export type { Store, StoreWrite } from "./blocks/model/store.ts";
export {
  byteSize,
  choice,
  decimal,
  dictionary,
  duration,
  flag,
  integer,
  list,
  path,
  port,
  record,
  type SettingsOf,
  tagset,
  text,
} from "./config/declare.ts";
export { securityPolicy } from "./config/security-policy.ts";
export { MemoryBuffer } from "./connectors/memory/memory-buffer.ts";
export { MemoryStore } from "./connectors/memory/store.ts";
export { EngineError } from "./runtime/errors.ts";
export { Receipt, Tally } from "./runtime/receipt.ts";
export { Flow } from "./runtime/streams/flow.ts";
export { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "./runtime/streams/graph-stage.ts";
export { Sink } from "./runtime/streams/sink.ts";
export { Source } from "./runtime/streams/source.ts";
