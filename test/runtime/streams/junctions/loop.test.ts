import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { systemClock } from "../../../../runtime/clock/system-clock.ts";
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

interface Loop {
  readonly rounds: readonly number[];
  /** Between the source and the loop. */
  readonly before?: Flow<Traveller, Traveller>;
  /** What an element goes through once a round, before the rounds it has left are one less. */
  readonly inside?: Flow<Traveller, Traveller>;
  readonly after?: Flow<Traveller, Traveller>;
  /** How many come out. */
  readonly count?: number;
}

const identity = Flow.of<Traveller>().map((element) => element);

/** Sends each element round as often as it says. */
function loopOf({ rounds, before = identity, inside = identity, after = identity, count = rounds.length }: Loop) {
  const sink = Flow.of<Traveller>().via(after).take(count).toMat(Sink.collect<Traveller>(), Keep.right);
  return GraphDSL.create({ sink }, (builder, shapes): undefined => {
    const source = builder.add(Source.from(rounds.map((left, id) => ({ id, left }))).via(before));
    const entry = builder.add(new MergePreferred<Traveller>(1));
    const step = builder.add(inside.map(({ id, left }) => ({ id, left: left - 1 })));
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
}

/** @returns the ids in the order in which they leave. */
async function idsOf(loop: Loop, options: RunOptions) {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const running = loopOf(loop).runWatched(system, options);
  clock.runSoon();
  await clock.settle();
  expect(running.stalled).toEqual([]);
  const left = await running.materialized.sink;
  await running.done;
  assertAllStopped(system);
  return left.map(({ id }) => id);
}

const flows = fc.constantFrom<[string, Flow<Traveller, Traveller>][]>(
  ["takes chunks", identity],
  ["takes one at a time", Flow.of<Traveller>().buffer(1, "backpressure")],
  ["sits behind a boundary", identity.async()],
);

const runs = fc.record({
  chunkMax: fc.constantFrom(1, 2, 3, 16, 17, 256, 1_024),
  chaseMax: fc.constantFrom(0, 1, 16),
  fuse: fc.boolean(),
});

test("whatever goes round a preferred merge and a partition leaves, in chunks of any size, and the loop never stalls", async () => {
  const rounds = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 700 });
  await fc.assert(
    fc.asyncProperty(rounds, flows, flows, runs, async (given, [, before], [, after], run) => {
      const ids = await idsOf({ rounds: given, before, after }, run);
      expect(ids.toSorted((a, b) => a - b)).toEqual(given.map((_, id) => id));
      // One after the other, as long as no chunk of them is on the way.
      if (run.fuse || run.chunkMax === 1) expect(ids).toEqual(given.map((_, id) => id));
    }),
    { numRuns: 200 },
  );
});

test("elements that go round very often leave as well, also those that came with them, whatever is in the loop", async () => {
  const often = fc.constantFrom(1, 2, 4_095, 4_096, 4_097, 9_000);
  const rounds = fc.array(often, { minLength: 1, maxLength: 6 });
  const inside = fc.constantFrom<[string, Flow<Traveller, Traveller>][]>(
    ["a function", identity],
    [
      "kernels",
      identity
        .filter(() => true)
        .zipWithIndex()
        .map(([element]) => element),
    ],
    ["a stage that is not fused", identity.buffer(1, "backpressure")],
  );
  await fc.assert(
    fc.asyncProperty(rounds, flows, flows, inside, runs, async (given, [, before], [, after], [, flow], run) => {
      const ids = await idsOf({ rounds: given, before, after, inside: flow }, run);
      expect(ids.toSorted((a, b) => a - b)).toEqual(given.map((_, id) => id));
    }),
    { numRuns: 30 },
  );
});

test.each([10, 5_000])("a decider drops what fails in a loop of %i elements, and the others go on", async (count) => {
  const rounds = Array.from({ length: count }, (_, id) => 1 + (id % 4));
  const failing = Flow.of<Traveller>().map((element) => {
    if (element.id % 3 === 0 && element.left === 2) throw new Error("broken on purpose");
    return element;
  });
  const dropped = new Set([...rounds.keys()].filter((id) => id % 3 === 0 && id % 4 >= 1));
  const inside = failing.withSupervision(() => "resume");
  for (const before of [identity, identity.async()]) {
    const ids = await idsOf({ rounds, before, inside, count: count - dropped.size }, {});
    expect(ids).toEqual([...rounds.keys()].filter((id) => !dropped.has(id)));
  }
});

test("an element that goes round for ever keeps nobody else from a turn", async () => {
  for (const before of [identity, identity.async()]) {
    const system = new ActorSystem({ clock: systemClock });
    const running = loopOf({ rounds: [1, Number.POSITIVE_INFINITY, 1], before }).runWatched(system);
    await new Promise<void>((resolve) => void systemClock.after(20, resolve));
    running.stop();
    await running.done;
  }
});

test("a loop that waits for its source has not stalled", async () => {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  for (const before of [identity, identity.async()]) {
    const waiting = loopOf({ rounds: [3, 1], before, count: 3 }).runWatched(system);
    await clock.settle();
    expect(waiting.stalled).toEqual([]);
    waiting.stop();
    await clock.settle();
    await waiting.done;
  }
});
