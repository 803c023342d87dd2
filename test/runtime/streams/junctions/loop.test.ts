import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../../runtime/streams/graph-dsl.ts";
import { MergePreferred } from "../../../../runtime/streams/junctions/merge-preferred.ts";
import { Partition } from "../../../../runtime/streams/junctions/partition.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import type { RunOptions } from "../../../../runtime/streams/materializer.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";

interface Traveller {
  readonly id: number;
  readonly left: number;
}

/** Sends each element round as often as it says, and gives the ids in the order in which they leave. */
async function idsOf(rounds: readonly number[], after: Flow<Traveller, Traveller>, options: RunOptions) {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const sink = Flow.of<Traveller>().via(after).take(rounds.length).toMat(Sink.collect<Traveller>(), Keep.right);
  const graph = GraphDSL.create({ sink }, (builder, shapes): undefined => {
    const source = builder.add(Source.from(rounds.map((left, id) => ({ id, left }))));
    const entry = builder.add(new MergePreferred<Traveller>(1));
    const step = builder.add(Flow.of<Traveller>().map(({ id, left }) => ({ id, left: left - 1 })));
    const exit = builder.add(new Partition<Traveller>(2, ({ left }) => (left > 0 ? 0 : 1), true));
    const [preferred, fresh] = entry.ins;
    const [back, out] = exit.outs;
    if (preferred === undefined || fresh === undefined || back === undefined || out === undefined) return;
    builder.connect(source.out, fresh);
    builder.connect(entry.out, step.in);
    builder.connect(step.out, exit.in);
    builder.connect(back, preferred);
    builder.connect(out, shapes.sink.in);
  });
  const running = graph.runWatched(system, options);
  clock.runSoon();
  await clock.settle();
  expect(running.stalled).toEqual([]);
  const left = await running.materialized.sink;
  await running.done;
  assertAllStopped(system);
  return left.map(({ id }) => id);
}

const identity = Flow.of<Traveller>().map((element) => element);

const after = fc.constantFrom<[string, Flow<Traveller, Traveller>][]>(
  ["takes chunks", identity],
  ["takes one at a time", Flow.of<Traveller>().buffer(1, "backpressure")],
  ["sits behind a boundary", identity.async()],
);

test("whatever goes round a preferred merge and a partition leaves, in chunks of any size, and the loop never stalls", async () => {
  const rounds = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 700 });
  const options = fc.record({
    chunkMax: fc.constantFrom(1, 2, 3, 16, 17, 256, 1_024),
    chaseMax: fc.constantFrom(0, 1, 16),
    fuse: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(rounds, after, options, async (given, [, flow], run) => {
      const ids = await idsOf(given, flow, run);
      expect(ids.toSorted((a, b) => a - b)).toEqual(given.map((_, id) => id));
    }),
    { numRuns: 200 },
  );
});
