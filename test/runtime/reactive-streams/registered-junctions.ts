import { Flow } from "../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../runtime/streams/graph-dsl.ts";
import type { Graph, Inlet, Outlet, Shape } from "../../../runtime/streams/graph-stage.ts";
import { Balance } from "../../../runtime/streams/junctions/balance.ts";
import { Broadcast } from "../../../runtime/streams/junctions/broadcast.ts";
import { Concat } from "../../../runtime/streams/junctions/concat.ts";
import { Interleave } from "../../../runtime/streams/junctions/interleave.ts";
import { MergeLatest } from "../../../runtime/streams/junctions/merge-latest.ts";
import { MergePreferred } from "../../../runtime/streams/junctions/merge-preferred.ts";
import { MergePrioritized } from "../../../runtime/streams/junctions/merge-prioritized.ts";
import { MergeSorted } from "../../../runtime/streams/junctions/merge-sorted.ts";
import { Merge } from "../../../runtime/streams/junctions/merge.ts";
import { OrElse } from "../../../runtime/streams/junctions/or-else.ts";
import { Partition } from "../../../runtime/streams/junctions/partition.ts";
import { UnzipWith } from "../../../runtime/streams/junctions/unzip-with.ts";
import { Unzip } from "../../../runtime/streams/junctions/unzip.ts";
import { WireTap } from "../../../runtime/streams/junctions/wire-tap.ts";
import { ZipAll } from "../../../runtime/streams/junctions/zip-all.ts";
import { ZipLatest } from "../../../runtime/streams/junctions/zip-latest.ts";
import { ZipN } from "../../../runtime/streams/junctions/zip-n.ts";
import { ZipWith } from "../../../runtime/streams/junctions/zip-with.ts";
import { Zip } from "../../../runtime/streams/junctions/zip.ts";
import { FlowShape } from "../../../runtime/streams/shape.ts";
import { Source } from "../../../runtime/streams/source.ts";

type Numbers = Flow<number, unknown, unknown>;
type Pair = readonly [number, number];

const pair = (n: number): Pair => [n, n * 10];

/** Every public junction, closed to a flow by `merged` or `fed`. Each call makes a fresh one. */
export const junctions: Readonly<Record<string, () => Numbers>> = {
  Balance: () => merged(new Balance<number>(2)),
  Broadcast: () => merged(new Broadcast<number>(2)),
  "Broadcast (first cancels)": () => merged(new Broadcast<number>(2, undefined, true)),
  Concat: () => fed(new Concat<number>(2)),
  "GraphDSL.create (cycle)": () => counted(3),
  "GraphDSL.create (diamond)": () =>
    merged(new Broadcast<number>(2))
      .async()
      .via(merged<unknown>(new Balance<unknown>(2))),
  Interleave: () => fed(new Interleave<number>(2, 2)),
  Merge: () => fed(new Merge<number>(2)),
  MergeLatest: () => fed(new MergeLatest<number>(2)),
  MergePreferred: () => fed(new MergePreferred<number>(1)),
  MergePrioritized: () => fed(new MergePrioritized<number>([3, 1])),
  MergeSorted: () => fed(new MergeSorted<number>((a, b) => a - b)),
  OrElse: () => fed(new OrElse<number>()),
  Partition: () => merged(new Partition<number>(2, (n) => n % 2)),
  Unzip: () =>
    Flow.of<number>()
      .map(pair)
      .via(merged<Pair>(new Unzip<Pair>(2))),
  UnzipWith: () => merged(new UnzipWith<number, Pair>(2, pair)),
  WireTap: () => merged(new WireTap<number>()),
  Zip: () => fed(new Zip<[number, number]>(2)),
  ZipAll: () => fed(new ZipAll<[number, number]>([0, 0])),
  ZipLatest: () => fed(new ZipLatest<[number, number]>(2)),
  ZipN: () => fed(new ZipN<number>(2)),
  ZipWith: () => fed(new ZipWith<[number, number], number>(2, (a, b) => a + b)),
};

/** A cycle: each element goes round, one more each time, until it is beyond `bound`. It never completes: a cycle waits for itself. */
function counted(bound: number): Numbers {
  return Flow.fromGraph(
    GraphDSL.create((builder) => {
      const join = builder.add(new MergePreferred<number>(1));
      const split = builder.add(new Partition<number>(2, (n) => (n > bound ? 0 : 1), true));
      const [out, again] = split.outs as [Outlet<number>, Outlet<number>];
      const back = builder.add(
        Flow.of<number>()
          .map((n) => n + 1)
          .buffer(8, "backpressure"),
      );
      builder.connect(join.out, split.in);
      builder.connect(again, back.in);
      builder.connect(back.out, inletOf(join, 0));
      return new FlowShape(inletOf<number>(join, 1), out);
    }),
  );
}

/** A fan-out whose two branches are merged. */
function merged<In = number>(fanOut: Graph<Shape, unknown>): Flow<In, unknown, unknown> {
  return Flow.fromGraph(
    GraphDSL.create((builder) => {
      const [split, join] = [builder.add(fanOut), builder.add(new Merge<unknown>(2))];
      split.outlets.forEach((out, index) => {
        builder.connect(out, inletOf(join, index));
      });
      return new FlowShape(inletOf<In>(split, 0), join.out);
    }),
  );
}

/** A fan-in whose second inlet is fed by a source of five. */
function fed(fanIn: Graph<Shape, unknown>): Numbers {
  return Flow.fromGraph(
    GraphDSL.create((builder) => {
      const [join, second] = [builder.add(fanIn), builder.add(Source.from([2, 4, 6, 8, 10]))];
      builder.connect(second.out, inletOf(join, 1));
      const [out] = join.outlets;
      if (out === undefined) throw new Error("a fan-in has an outlet");
      return new FlowShape(inletOf<number>(join, 0), out);
    }),
  );
}

function inletOf<T>(shape: Shape, index: number): Inlet<T> {
  const inlet = shape.inlets[index];
  if (inlet === undefined) throw new Error(`there is an inlet ${index}`);
  return inlet;
}
