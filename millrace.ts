export type { ActorRef } from "./runtime/actors/actor-ref.ts";
export { ActorSystem, type ActorSystemOptions } from "./runtime/actors/actor-system.ts";
export type { ActorTimers } from "./runtime/actors/actor-timers.ts";
export type { ActorContext, Behavior, Props, SpawnOptions } from "./runtime/actors/behavior.ts";
export type { DeadLetter, DeadLetters } from "./runtime/actors/dead-letters.ts";
export { stopGracefully } from "./runtime/actors/stop-gracefully.ts";
export type { BackoffSettings, Supervision } from "./runtime/actors/supervision.ts";
export type { Clock, Timer } from "./runtime/clock/clock.ts";
export { systemClock } from "./runtime/clock/system-clock.ts";
export { EngineError, type EngineErrorOptions, type ErrorCode, errorCodes, type Where } from "./runtime/errors.ts";
export { type Log, type LogFields, silentLog } from "./runtime/log.ts";
export { Receipt, Tally } from "./runtime/receipt.ts";
export { ChunkLogic } from "./runtime/streams/chunk-logic.ts";
export { Flow } from "./runtime/streams/flow.ts";
export { type GraphBuilder, GraphDSL, type GraphOptions } from "./runtime/streams/graph-dsl.ts";
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
export { BroadcastHub } from "./runtime/streams/hubs/broadcast-hub.ts";
export { type DrainingControl, MergeHub } from "./runtime/streams/hubs/merge-hub.ts";
export { PartitionHub } from "./runtime/streams/hubs/partition-hub.ts";
export { Balance } from "./runtime/streams/junctions/balance.ts";
export { Broadcast } from "./runtime/streams/junctions/broadcast.ts";
export { Concat } from "./runtime/streams/junctions/concat.ts";
export { Interleave } from "./runtime/streams/junctions/interleave.ts";
export { MergeLatest } from "./runtime/streams/junctions/merge-latest.ts";
export { MergePreferred } from "./runtime/streams/junctions/merge-preferred.ts";
export { MergePrioritized } from "./runtime/streams/junctions/merge-prioritized.ts";
export { MergeSorted } from "./runtime/streams/junctions/merge-sorted.ts";
export { Merge } from "./runtime/streams/junctions/merge.ts";
export { OrElse } from "./runtime/streams/junctions/or-else.ts";
export { Partition } from "./runtime/streams/junctions/partition.ts";
export { TupleFanInShape } from "./runtime/streams/junctions/tuple-fan-in-shape.ts";
export { TupleFanOutShape } from "./runtime/streams/junctions/tuple-fan-out-shape.ts";
export { UnzipWith } from "./runtime/streams/junctions/unzip-with.ts";
export { Unzip } from "./runtime/streams/junctions/unzip.ts";
export { WireTap } from "./runtime/streams/junctions/wire-tap.ts";
export { ZipAll } from "./runtime/streams/junctions/zip-all.ts";
export { ZipLatest } from "./runtime/streams/junctions/zip-latest.ts";
export { ZipN } from "./runtime/streams/junctions/zip-n.ts";
export { ZipWith } from "./runtime/streams/junctions/zip-with.ts";
export { Zip } from "./runtime/streams/junctions/zip.ts";
export { Keep } from "./runtime/streams/keep.ts";
export { KillSwitches, type SharedKillSwitch, type UniqueKillSwitch } from "./runtime/streams/kill-switches.ts";
export type { RunOptions } from "./runtime/streams/materializer.ts";
export type { OverflowStrategy } from "./runtime/streams/operators/buffer.ts";
export type { DelayOverflow } from "./runtime/streams/operators/delay.ts";
export type { ObservableBuffer } from "./runtime/streams/operators/from-observable.ts";
export type { OperatorSettings } from "./runtime/streams/operators/from-operator.ts";
export type { InWorkerSettings } from "./runtime/streams/operators/in-worker.ts";
export type { PooledSettings } from "./runtime/streams/operators/pooled.ts";
export type { GroupLimits } from "./runtime/streams/operators/grouped-weighted-within.ts";
export type { StreamMonitor, StreamState } from "./runtime/streams/operators/monitor.ts";
export type { ThrottleSettings } from "./runtime/streams/operators/throttle.ts";
export type { SinkQueue } from "./runtime/streams/operators/sink-queue.ts";
export type { SourceQueue } from "./runtime/streams/operators/source-queue.ts";
export type { Publisher, Subscriber, Subscription } from "./runtime/streams/publisher.ts";
export { RestartFlow } from "./runtime/streams/restart/restart-flow.ts";
export { RestartSink } from "./runtime/streams/restart/restart-sink.ts";
export { RestartSource } from "./runtime/streams/restart/restart-source.ts";
export type { RestartSettings } from "./runtime/streams/restart/restarts.ts";
export { RunnableGraph, type RunningGraph } from "./runtime/streams/runnable-graph.ts";
export { ClosedShape, FanInShape, FanOutShape, FlowShape, SinkShape, SourceShape } from "./runtime/streams/shape.ts";
export { Sink } from "./runtime/streams/sink.ts";
export { Source } from "./runtime/streams/source.ts";
export type { SubFlow } from "./runtime/streams/sub-flow.ts";
export type { Decider, Directive } from "./runtime/streams/supervised-stage.ts";
export { exposeActor } from "./runtime/workers/expose-actor.ts";
export { type RemoteRefSettings, remoteRef } from "./runtime/workers/remote-ref.ts";
export { move } from "./runtime/workers/transfer.ts";
export type { WorkerPoolSettings } from "./runtime/workers/worker-pool.ts";
