import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../../runtime/streams/graph-dsl.ts";
import { Broadcast } from "../../../../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../../../../runtime/streams/junctions/merge.ts";
import type { RunOptions } from "../../../../runtime/streams/materializer.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";

interface Given {
  readonly count: number;
  /** By branch: what its stages add; one that adds 0 drops every third. */
  readonly branches: readonly (readonly number[])[];
  readonly takes: number | undefined;
  readonly failAt: number | undefined;
}

/** Runs a broadcast to branches and their merge; each output tells its branch and its element. */
async function run({ count, branches, takes, failAt }: Given, options: RunOptions) {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const copies: number[] = [];
  const after = Flow.of<number>().map((element) => element);
  const collect = Sink.collect<number>();
  const sink = (takes === undefined ? after : after.take(takes)).toMat(collect, (_, output) => output);
  const graph = GraphDSL.create({ sink }, (builder, shapes): undefined => {
    const source = builder.add(Source.from(Array.from({ length: count }, (_, index) => index)).map((at) => at * 1_000));
    const broadcast = builder.add(new Broadcast<number>(branches.length, (_, more) => copies.push(more)));
    const merge = builder.add(new Merge<number>(branches.length));
    builder.connect(source.out, broadcast.in);
    branches.forEach((stages, index) => {
      let branch = Flow.of<number>().map((element) => element + 100 * index);
      for (const step of stages) {
        branch = step === 0 ? branch.filter((element) => element % 3 !== 0) : branch.map((element) => element + step);
      }
      if (index === 0 && failAt !== undefined) {
        const failing = (element: number) => (element >= failAt * 1_000 ? (undefined as unknown as number) : element);
        branch = branch.via(Flow.fromGraph(Flow.of<number>().map(failing).named("failing")));
      }
      const shape = builder.add(branch);
      builder.connect(broadcast.outs[index] ?? expect.unreachable(), shape.in);
      builder.connect(shape.out, merge.ins[index] ?? expect.unreachable());
    });
    builder.connect(merge.out, shapes.sink.in);
  });
  const running = graph.runWatched(system, options);
  const settled = Promise.allSettled([running.materialized.sink, running.done]);
  clock.runSoon();
  const [output, done] = await settled;
  assertAllStopped(system);
  return { output, copies, done: done.status === "fulfilled" ? "completed" : String(done.reason) };
}

const branches = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }), { minLength: 1, maxLength: 4 });

/** Of each branch, in order. */
function byBranch(output: PromiseSettledResult<number[]>, count: number): number[][] {
  const elements = output.status === "fulfilled" ? output.value : expect.unreachable();
  return Array.from({ length: count }, (_, index) => elements.filter((e) => Math.floor((e % 1_000) / 100) === index));
}

test("fused branches give what each branch gives, in its order, and count their copies", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(0, 1, 7, 3_000), branches, async (count, given) => {
      const graph = { count, branches: given, takes: undefined, failAt: undefined };
      const [fused, apart] = [await run(graph, {}), await run(graph, { fuse: false })];
      expect(byBranch(fused.output, given.length)).toEqual(byBranch(apart.output, given.length));
      expect(fused.copies).toEqual(apart.copies);
      expect([fused.done, apart.done]).toEqual(["completed", "completed"]);
    }),
    { numRuns: 40 },
  );
});

test("what follows fused branches may end in the middle of them", async () => {
  for (const takes of [0, 1, 2, 4, 8_000]) {
    const graph = { count: 5_000, branches: [[1], [0], [2, 3]], takes, failAt: undefined };
    const { output, done } = await run(graph, {});
    expect(output.status === "fulfilled" ? output.value.length : output.reason).toBe(takes);
    expect(done).toBe("completed");
  }
});

test("a failure in a fused branch is that of its stage, early and late", async () => {
  for (const failAt of [3, 4_000]) {
    const graph = { count: 5_000, branches: [[1], [0]], takes: undefined, failAt };
    const { output, done } = await run(graph, {});
    const apart = await run(graph, { fuse: false });
    expect(done).toBe(apart.done);
    expect(output.status).toBe("rejected");
    expect(output).toEqual(apart.output);
  }
});
