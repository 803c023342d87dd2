import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { seededScheduler } from "../../../runtime/clock/seeded-scheduler.ts";
import { type VirtualClock, virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
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
async function outcomeOf(
  source: Source<unknown, unknown>,
  options: RunOptions = {},
  clock: VirtualClock = virtualClock(),
): Promise<Outcome> {
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
  running.materialized.then(
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
function expectSame(outcome: Outcome, fused: Outcome, name: string, way: string): void {
  expect(outcome.end, way).toBe(fused.end);
  const sameCount = fused.end.startsWith("failed") ? fused.elements.slice(0, outcome.elements.length) : fused.elements;
  if (Object.hasOwn(reordering, name)) expect(sorted(outcome.elements), way).toEqual(sorted(sameCount));
  else expect(outcome.elements, way).toEqual(sameCount);
}

function sorted(elements: readonly unknown[]): string[] {
  return elements.map((element) => JSON.stringify(element)).sort();
}

const equal = Object.entries(registered).filter(([name]) => !Object.hasOwn(timely, name));

/** One way to run what stands between a source of numbers and a sink. */
interface Way {
  readonly options?: RunOptions;
  /** Puts boundaries around it. */
  readonly build?: (numbers: Source<number>, flow: Flow<number, unknown, unknown>) => Source<unknown, unknown>;
  readonly clock?: () => VirtualClock;
}

const islands: Way["build"] = (source, flow) => source.async().via(flow.async());

/** All must give what a fused run gives. */
const ways: Readonly<Record<string, Way>> = {
  "without fused rows": { options: { fuse: false } },
  "in chunks of 1": { options: { chunkMax: 1 } },
  "in chunks of 2": { options: { chunkMax: 2 } },
  "in chunks of 1024": { options: { chunkMax: 1_024 } },
  "between boundaries in chunks of 2": { build: islands, options: { chunkMax: 2 } },
  "without chase": { options: { chaseMax: 0 } },
  "before a boundary": { build: (source, flow) => source.via(flow).async() },
  "between boundaries": { build: islands },
  "between boundaries without chase": { build: islands, options: { chaseMax: 0 } },
  "between boundaries of one element": {
    build: (source, flow) => source.async({ windowMax: 1 }).via(flow.async({ windowMax: 1 })),
  },
  "in an order of seed 1": { build: islands, clock: () => seededScheduler(1) },
  "in an order of seed 2": { build: islands, clock: () => seededScheduler(2) },
  "fused, in an order of seed 3": { clock: () => seededScheduler(3) },
};

const fusedRun: NonNullable<Way["build"]> = (source, flow) => source.via(flow);

test.each(equal)("%s gives the same, however it is run", async (name, make) => {
  const fused = await outcomeOf(Source.from(numbers).via(make()));
  for (const [way, { options, build = fusedRun, clock }] of Object.entries(ways)) {
    const outcome = await outcomeOf(build(Source.from(numbers), make()), options, clock?.());
    expectSame(outcome, fused, name, way);
  }
});

test.each(Object.entries(sources))("%s gives the same, however it is run", async (_name, make) => {
  const fused = await outcomeOf(make(virtualClock()));
  for (const [way, { options, build = fusedRun, clock }] of Object.entries(ways)) {
    // What comes before a flow that changes nothing.
    const source = make(virtualClock()) as Source<number>;
    expectSame(await outcomeOf(build(source, Flow.of<number>()), options, clock?.()), fused, "", way);
  }
});

test("every excuse is of an operator that is registered", () => {
  const excused = [...Object.keys(timely), ...Object.keys(reordering)];
  expect(excused.filter((name) => !Object.hasOwn(registered, name))).toEqual([]);
});
