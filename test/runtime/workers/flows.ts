// Flows that the tests of the worker boundary run in threads.
import { EngineError } from "../../../runtime/errors.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../runtime/streams/graph-dsl.ts";
import type { Outlet } from "../../../runtime/streams/graph-stage.ts";
import { Broadcast } from "../../../runtime/streams/junctions/broadcast.ts";
import { FlowShape } from "../../../runtime/streams/shape.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { move } from "../../../runtime/workers/transfer.ts";

export const triple = Flow.of<number>().map((element) => element * 3);

export const firstTwo = Flow.of<number>().take(2);

export const total = Flow.of<number>().fold(0, (sum, element) => sum + element);

export const columns = Flow.of<{ values: Float64Array }>().map(({ values }) => {
  values[0] = 42;
  return move({ values });
});

export const faulty = Flow.of<number>().map((element) => {
  if (element === 2) throw new EngineError("VALUE_INVALID", "Cannot take a value as it must not be 2: it is 2");
  if (element === 3) process.exit(3);
  return element;
});

/** Hands its elements to a sink that fails, too. */
export const branched = Flow.fromGraph(
  GraphDSL.create((builder) => {
    const broadcast = builder.add(new Broadcast<number>(2));
    const [out, branch] = broadcast.outs as [Outlet<number>, Outlet<number>];
    const failing = Sink.foreach<number>(() => {
      throw new Error("broken on purpose");
    });
    builder.connect(branch, builder.add(failing).in);
    return new FlowShape(broadcast.in, out);
  }),
);

/** Counts what it was given, in memory that both threads see. */
export function counted(flags: SharedArrayBuffer): Flow<number, number> {
  return Flow.of<number>().map((element) => {
    Atomics.add(new Int32Array(flags), 0, 1);
    return element;
  });
}

export function operators(which: readonly number[]): Flow<number, number> {
  const all: readonly ((flow: Flow<number, number>) => Flow<number, number>)[] = [
    (flow) => flow.map((element) => element * 3),
    (flow) => flow.filter((element) => element % 2 === 0),
    (flow) => flow.mapConcat((element) => [element, -element]),
    (flow) => flow.scan(0, (sum, element) => sum + element),
    (flow) => flow.grouped(3).map((group) => group.length),
    (flow) => flow.async().take(40),
  ];
  return which.reduce((flow, index) => all[index]?.(flow) ?? flow, Flow.of<number>());
}
