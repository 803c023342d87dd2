export type { ActorRef } from "./runtime/actors/actor-ref.ts";
export { ActorSystem, type ActorSystemOptions } from "./runtime/actors/actor-system.ts";
export type { ActorTimers } from "./runtime/actors/actor-timers.ts";
export type { ActorContext, Behavior, Props, SpawnOptions } from "./runtime/actors/behavior.ts";
export type { DeadLetter, DeadLetters } from "./runtime/actors/dead-letters.ts";
export type { BackoffSettings, Supervision } from "./runtime/actors/supervision.ts";
export type { Clock, Timer } from "./runtime/clock/clock.ts";
export { systemClock } from "./runtime/clock/system-clock.ts";
export { EngineError, type EngineErrorOptions, type ErrorCode, errorCodes, type Where } from "./runtime/errors.ts";
export { type Log, type LogFields, silentLog } from "./runtime/log.ts";
export { Receipt, Tally } from "./runtime/receipt.ts";
export { Flow } from "./runtime/streams/flow.ts";
export { type GraphBuilder, GraphDSL } from "./runtime/streams/graph-dsl.ts";
export {
  type Attributes,
  type Graph,
  GraphStage,
  GraphStageLogic,
  type InHandler,
  Inlet,
  type OutHandler,
  Outlet,
  type Shape,
} from "./runtime/streams/graph-stage.ts";
export { Broadcast } from "./runtime/streams/junctions/broadcast.ts";
export { Merge } from "./runtime/streams/junctions/merge.ts";
export { Partition } from "./runtime/streams/junctions/partition.ts";
export { Keep } from "./runtime/streams/keep.ts";
export { KillSwitches, type UniqueKillSwitch } from "./runtime/streams/kill-switches.ts";
export type { RunOptions } from "./runtime/streams/materializer.ts";
export type { OverflowStrategy } from "./runtime/streams/operators/buffer.ts";
export type { ObservableBuffer } from "./runtime/streams/operators/from-observable.ts";
export type { SinkQueue } from "./runtime/streams/operators/sink-queue.ts";
export type { SourceQueue } from "./runtime/streams/operators/source-queue.ts";
export { RunnableGraph, type RunningGraph } from "./runtime/streams/runnable-graph.ts";
export { ClosedShape, FanInShape, FanOutShape, FlowShape, SinkShape, SourceShape } from "./runtime/streams/shape.ts";
export { Sink } from "./runtime/streams/sink.ts";
export { Source } from "./runtime/streams/source.ts";
