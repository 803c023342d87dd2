import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import type { RunOptions } from "../../../runtime/streams/materializer.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { flows } from "./registered-flows.ts";
import { junctions } from "./registered-junctions.ts";
import { sources } from "./registered-sources.ts";
import { reordering, timely } from "./timely-operators.ts";

const registered = { ...flows, ...junctions };
const numbers = Array.from({ length: 40 }, (_, index) => index + 1);

interface Outcome {
  readonly elements: readonly unknown[];
  readonly end: string;
}

/** All that comes out, and how it ends; time moves on until it does, 10 s at most. */
async function outcomeOf(source: Source<unknown, unknown>, options: RunOptions = {}): Promise<Outcome> {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const elements: unknown[] = [];
  const running = source
    .toMat(
      Sink.foreach((element) => {
        elements.push(element);
      }),
      Keep.right,
    )
    .runWatched(system, options);
  let end = "open";
  running.done.then(
    () => {
      end = "completed";
    },
    (error: Error) => {
      end = `failed: ${error.message}`;
    },
  );
  await clock.settle();
  for (let elapsedMs = 0; end === "open" && elapsedMs < 10_000; elapsedMs += 100) {
    clock.advance(100);
    await clock.settle();
  }
  running.stop();
  await clock.settle();
  assertAllStopped(system);
  return { elements, end };
}

/** A failure overtakes elements, so that fewer may come where it meets them at a boundary. */
function expectSame(outcome: Outcome, fused: Outcome, name = ""): void {
  expect(outcome.end).toBe(fused.end);
  const sameCount = fused.end.startsWith("failed") ? fused.elements.slice(0, outcome.elements.length) : fused.elements;
  if (Object.hasOwn(reordering, name)) expect(sorted(outcome.elements)).toEqual(sorted(sameCount));
  else expect(outcome.elements).toEqual(sameCount);
}

function sorted(elements: readonly unknown[]): string[] {
  return elements.map((element) => JSON.stringify(element)).sort();
}

const equal = Object.entries(registered).filter(([name]) => !Object.hasOwn(timely, name));

const chunkSizes = [1, 2, 1_024];

test.each(equal)("%s gives the same in chunks of any size", async (name, make) => {
  const fused = await outcomeOf(Source.from(numbers).via(make()));
  expectSame(await outcomeOf(Source.from(numbers).via(make()), { fuse: false }), fused, name);
  for (const chunkMax of chunkSizes) {
    expectSame(await outcomeOf(Source.from(numbers).via(make()), { chunkMax }), fused, name);
    expectSame(await outcomeOf(Source.from(numbers).async().via(make().async()), { chunkMax }), fused, name);
  }
});

test.each(equal)("%s gives the same fused, behind boundaries and without chase", async (name, make) => {
  const fused = await outcomeOf(Source.from(numbers).via(make()));
  const islands = () => Source.from(numbers).async().via(make().async());
  expectSame(await outcomeOf(Source.from(numbers).via(make()), { chaseMax: 0 }), fused, name);
  expectSame(await outcomeOf(Source.from(numbers).via(make()).async()), fused, name);
  expectSame(await outcomeOf(islands()), fused, name);
  expectSame(await outcomeOf(islands(), { chaseMax: 0 }), fused, name);
});

test.each(Object.entries(sources))(
  "%s gives the same fused, behind a boundary and without chase",
  async (_name, make) => {
    const fused = await outcomeOf(make(virtualClock()));
    expectSame(await outcomeOf(make(virtualClock()), { chaseMax: 0 }), fused);
    expectSame(await outcomeOf(make(virtualClock()).async()), fused);
    for (const chunkMax of chunkSizes) expectSame(await outcomeOf(make(virtualClock()), { chunkMax }), fused);
  },
);

test("every excuse is of an operator that is registered", () => {
  const excused = [...Object.keys(timely), ...Object.keys(reordering)];
  expect(excused.filter((name) => !Object.hasOwn(registered, name))).toEqual([]);
});
