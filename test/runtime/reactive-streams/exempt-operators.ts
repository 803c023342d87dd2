const joins = "It joins blueprints or runs them and is no stage; every script goes through it.";
const entrance = "It takes a stage or blueprint made elsewhere, which is registered under its own name.";
const keeps = "It combines materialised values.";
const noStream = "It is no part of a stream.";

/** Public names that are not in the registry, and why. */
export const exempt: Readonly<Record<string, string>> = {
  "Flow.fromGraph": entrance,
  "Flow.fromStage": entrance,
  "Flow.inWorker": "Its thread does not stop for a virtual clock: test/runtime/workers proves it.",
  "GraphDSL.create": "It builds graphs of registered parts; junctions are registered through it.",
  "Keep.both": keeps,
  "Keep.left": keeps,
  "Keep.none": keeps,
  "Keep.right": keeps,
  "Receipt.joined": noStream,
  "RunnableGraph.fromGraph": entrance,
  "Sink.fromGraph": entrance,
  "Sink.fromModule": entrance,
  "Sink.fromStage": entrance,
  "Source.fromGraph": entrance,
  "Source.fromStage": entrance,
  "silentLog.child": noStream,
  "silentLog.debug": noStream,
  "silentLog.error": noStream,
  "silentLog.info": noStream,
  "silentLog.warn": noStream,
  "systemClock.after": noStream,
  "systemClock.monotonic": noStream,
  "systemClock.now": noStream,
  "systemClock.random": noStream,
  "systemClock.soon": noStream,
  async: "It is no stage but draws a boundary: the test of equal output runs every flow with it.",
  mapMaterializedValue: joins,
  named: joins,
  pooled: "Its threads do not stop for a virtual clock: test/runtime/workers proves it.",
  runWatched: joins,
  runWith: joins,
  to: joins,
  toMat: joins,
  via: joins,
  viaMat: joins,
  withSupervision: "It is no stage but sets what stages do when they throw: `map (resumes)` has it.",
};
