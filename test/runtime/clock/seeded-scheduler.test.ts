import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem, type Clock, Sink, Source } from "../../../millrace.ts";
import { assertAllStopped, seededScheduler, virtualClock } from "../../../testing.ts";

const seeds = Array.from({ length: 30 }, (_, seed) => seed);

/** Three actors that are told three messages each. */
function told(clock: Clock & { runSoon(): void }): string[] {
  const system = new ActorSystem({ clock });
  const life: string[] = [];
  for (const name of ["a", "b", "c"]) {
    const ref = system.spawn<number>({ receive: (n) => void life.push(`${name}${n}`) }, name, { mailboxMax: 3 });
    for (const n of [1, 2, 3]) ref.tell(n);
  }
  clock.runSoon();
  return life;
}

test("a seed reproduces a run, and seeds differ", () => {
  for (const seed of seeds) expect(told(seededScheduler(seed))).toEqual(told(seededScheduler(seed)));
  expect(new Set(seeds.map((seed) => told(seededScheduler(seed)).join())).size).toBe(6);
  expect(told(virtualClock())).toEqual(["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"]);
});

test("the messages of one sender keep their order, whoever has the turn", () => {
  for (const seed of seeds) {
    const life = told(seededScheduler(seed));
    for (const name of ["a", "b", "c"]) {
      expect(life.filter((each) => each.startsWith(name))).toEqual([`${name}1`, `${name}2`, `${name}3`]);
    }
  }
});

test("timers due at one moment fire in any order, and never before one due earlier", () => {
  const firedBy = (seed: number) => {
    const clock = seededScheduler(seed);
    const fired: string[] = [];
    clock.after(20, () => fired.push("late"));
    for (const name of ["a", "b", "c"]) clock.after(10, () => fired.push(name));
    clock.advance(20);
    expect(clock.pendingTimers).toBe(0);
    return fired;
  };
  const orders = seeds.map(firedBy);
  expect(new Set(orders.map(String)).size).toBe(6);
  expect(orders.every((order) => order[3] === "late")).toBe(true);
});

test("promises settle in an order of the seed, by their time", async () => {
  const orderOf = async (seed: number) => {
    const clock = seededScheduler(seed);
    const order: string[] = [];
    for (const name of ["a", "b"]) void clock.settles(name, 5).then((value) => order.push(value));
    clock.settles(new Error("c"), 5).catch((error: Error) => order.push(error.message));
    clock.advance(5);
    await clock.settle();
    return order.join("");
  };
  const orders = await Promise.all(seeds.map(orderOf));
  expect(new Set(orders).size).toBe(6);
  expect(await orderOf(3)).toBe(orders[3]);
});

test("chance is that of a virtual clock of the same seed", () => {
  const [scheduler, clock] = [seededScheduler(7), virtualClock(0, 7)];
  told(scheduler);
  expect(scheduler.random()).toBe(clock.random());
});

/** One actor counts on another to have had its turn, which nobody promised. */
function readBeforeWritten(clock: Clock & { runSoon(): void }): boolean {
  const system = new ActorSystem({ clock });
  const order: string[] = [];
  const writing = { receive: () => void order.push("written") };
  const reading = { receive: () => void order.push("read") };
  for (const behavior of [writing, reading]) system.spawn<"go">(behavior, system.uniqueName("a")).tell("go");
  clock.runSoon();
  return order[0] === "read";
}

test("a race that a plain run hides is found by a seed", () => {
  expect(readBeforeWritten(virtualClock())).toBe(false);
  const found = seeds.map((seed) => readBeforeWritten(seededScheduler(seed)));
  expect(found).toContain(true);
  expect(found).toContain(false);
});

test("mapAsync gives its results in the order of the elements, in any order of turns and promises", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 8 }), async (seed, parallelism) => {
      const clock = seededScheduler(seed);
      const system = new ActorSystem({ clock });
      const elements = Source.range(1, 30)
        .async()
        .mapAsync(parallelism, (n) => clock.settles(n, 9))
        .async()
        .runWith(Sink.collect<number>(), system);
      for (let elapsedMs = 0; elapsedMs < 300; elapsedMs += 1) {
        await clock.settle();
        clock.advance(1);
      }
      await clock.settle();
      expect(await elements).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
      assertAllStopped(system);
    }),
    { numRuns: 15 },
  );
});
