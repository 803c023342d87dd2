export { testContext } from "./blocks/model/test-context.ts";
export { runCommand } from "./cli/run-command.ts";
export { type SeededScheduler, seededScheduler } from "./runtime/clock/seeded-scheduler.ts";
export { type VirtualClock, virtualClock } from "./runtime/clock/virtual-clock.ts";
export { assertAllStopped } from "./runtime/streams/probes/assert-all-stopped.ts";
export { TestSink, type TestSubscriber } from "./runtime/streams/probes/test-sink.ts";
export { type TestPublisher, TestSource } from "./runtime/streams/probes/test-source.ts";
