import fc from "fast-check";
import { expect, test } from "vitest";
import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import { EngineError } from "../../../../runtime/errors.ts";
import { Flow } from "../../../../runtime/streams/flow.ts";
import type { RunOptions } from "../../../../runtime/streams/materializer.ts";
import { assertAllStopped } from "../../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../../runtime/streams/probes/test-source.ts";
import { Keep } from "../../../../runtime/streams/keep.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";

function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

function* upTo(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

const kinds = [
  ...(["map", "filter", "collect", "take", "takeWhile", "drop", "dropWhile", "scan", "fold"] as const),
  ...(["grouped", "zipWithIndex", "monitor", "mapConcat"] as const),
] as const;

type Step = { kind: (typeof kinds)[number]; argument: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({ kind: fc.constantFrom(...kinds), argument: fc.integer({ min: 0, max: 7 }) }),
  { maxLength: 7 },
);

/** A number of whatever comes along. */
function weight(element: unknown): number {
  return Array.isArray(element) ? element.reduce((sum: number, part) => sum + weight(part), 1) : Number(element);
}

type Chain = Flow<unknown, unknown>;

function chainOf(
  { given, failAt, failEvery = Number.POSITIVE_INFINITY }: Given,
  trace: string[],
  wrap: (chain: Chain) => Chain,
): Chain {
  const seen = (stage: number, element: unknown): number => {
    trace.push(`${stage}:${JSON.stringify(element)}`);
    if (trace.length === failAt || trace.length % failEvery === 0) throw new Error(`it is ${failAt}`);
    return weight(element) % 1_000_003;
  };
  let chain: Chain = Flow.of<unknown>();
  given.forEach(({ kind, argument }, stage) => {
    if (kind === "map") chain = chain.map((element) => seen(stage, element) + argument);
    else if (kind === "filter") chain = chain.filter((element) => seen(stage, element) % 4 !== argument % 4);
    else if (kind === "take") chain = chain.take(argument * 3);
    else if (kind === "scan") chain = chain.scan(argument, (sum, element) => (sum + seen(stage, element)) % 9_973);
    else if (kind === "fold") chain = chain.fold(argument, (sum, element) => (sum + seen(stage, element)) % 9_973);
    else if (kind === "grouped") chain = chain.grouped(argument + 1);
    else if (kind === "collect")
      chain = chain.collect((element) => (seen(stage, element) % 4 === argument % 4 ? undefined : [element]));
    else if (kind === "takeWhile")
      chain = chain.takeWhile((element) => seen(stage, element) % 11 !== argument, argument % 2 === 0);
    else if (kind === "drop") chain = chain.drop(argument);
    else if (kind === "dropWhile") chain = chain.dropWhile((element) => seen(stage, element) % 5 < argument);
    else if (kind === "zipWithIndex") chain = chain.zipWithIndex();
    else if (kind === "monitor") chain = chain.monitor(Keep.left);
    else chain = chain.mapConcat((element) => [element, seen(stage, element)].slice(0, argument % 3));
    chain = wrap(chain);
  });
  return chain;
}

const sources = {
  array: (count: number) => Source.from([...upTo(count)]),
  iterable: (count: number) => Source.from({ [Symbol.iterator]: () => upTo(count) }),
  stage: (count: number) => Source.from([...upTo(count)]).buffer(3, "backpressure"),
};

interface Given {
  readonly count: number;
  readonly given: readonly Step[];
  readonly from: keyof typeof sources;
  readonly failAt: number;
  /** Calls from one that throws to the next; never unless told. */
  readonly failEvery?: number;
}

interface Outcome {
  readonly output: unknown;
  readonly traces: string[];
  readonly done: string;
}

async function outcomeOf(run: Given, options: RunOptions, wrap = (chain: Chain) => chain): Promise<Outcome> {
  const { clock, system } = start();
  const traces: string[] = [];
  const source: Source<unknown> = sources[run.from](run.count);
  const collected = source.via(chainOf(run, traces, wrap)).toMat(
    Sink.fold<unknown, string>("", (sum, element) => {
      traces.push(`sink:${JSON.stringify(element)}`);
      return `${sum};${JSON.stringify(element)}`;
    }),
    Keep.right,
  );
  const running = collected.runWatched(system, options);
  const settled = Promise.allSettled([running.materialized, running.done]);
  clock.runSoon();
  const [output, done] = await settled;
  assertAllStopped(system);
  return {
    output: output.status === "fulfilled" ? output.value : String(output.reason),
    traces,
    done: done.status === "fulfilled" ? "completed" : String(done.reason),
  };
}

const anyRun: fc.Arbitrary<Given> = fc.record({
  count: fc.integer({ min: 0, max: 60 }),
  given: steps,
  from: fc.constantFrom("array", "iterable", "stage"),
  failAt: fc.oneof(fc.constant(-1), fc.integer({ min: 1, max: 120 })),
});

test("a fused chain has the side effects, in order, the output and the end of one that is not", async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => {
      const apart = await outcomeOf(run, { fuse: false });
      expect(await outcomeOf(run, {})).toEqual(apart);
      expect(await outcomeOf(run, { chaseMax: 0 })).toEqual(apart);
    }),
    { numRuns: 400 },
  );
});

test("a fused chain whose deciders let it go on does what one does that is not fused", async () => {
  const lenient = fc.record({
    directive: fc.constantFrom("resume", "restart"),
    everyCount: fc.integer({ min: 2, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(anyRun, lenient, async (run, { directive, everyCount }) => {
      const supervise = (chain: Chain) => chain.withSupervision(() => directive);
      const failing = { ...run, failAt: -1, failEvery: everyCount };
      const apart = await outcomeOf(failing, { fuse: false }, supervise);
      expect(await outcomeOf(failing, {}, supervise)).toEqual(apart);
    }),
    { numRuns: 200 },
  );
});

test("a chain cut by boundaries has the output of one that is fused", async () => {
  await fc.assert(
    fc.asyncProperty(anyRun, async (run) => {
      // A failure overtakes what is on its way, and what is read ahead may fail: so without.
      const whole = { ...run, failAt: -1 };
      const { output, done } = await outcomeOf(whole, {});
      expect(await outcomeOf(whole, {}, (chain) => chain.async())).toMatchObject({ output, done });
    }),
    { numRuns: 100 },
  );
});

test("a busy chain gives the same before and after its loop is generated, also in a later run", async () => {
  const row = [
    ...(["map", "filter", "scan", "zipWithIndex", "collect", "drop", "monitor", "grouped"] as const),
    ...(["dropWhile", "map", "filter", "takeWhile", "take", "fold"] as const),
  ];
  for (const from of ["array", "iterable", "stage"] as const) {
    for (let length = 0; length <= row.length; length += 1) {
      const given = row.slice(0, length).map((kind, index) => ({ kind, argument: kind === "take" ? 300 : index % 3 }));
      const run = { count: 5_000, given, from, failAt: -1 };
      const apart = await outcomeOf(run, { fuse: false });
      expect(await outcomeOf(run, {})).toEqual(apart);
    }
  }
});

test.each([[false], [true]])("a failure late in a busy chain is that of the stage, fused %s", async (fuse) => {
  const { clock, system } = start();
  const running = Source.from(upTo(10_000))
    .map((element) => element + 1)
    .via(
      Flow.of<number>()
        .map((element) => (element === 9_000 ? (undefined as unknown as number) : element))
        .named("odd"),
    )
    .runWatched(Sink.ignore(), system, { fuse });
  const settled = expect(running.done).rejects.toMatchObject({ where: { node: expect.stringContaining("odd") } });
  clock.runSoon();
  await settled;
  await expect(running.materialized).rejects.toBeInstanceOf(EngineError);
  assertAllStopped(system);
});

test("a stage that has enough stops the source after exactly that many, and its iterator returns", async () => {
  const { clock, system } = start();
  const happened: string[] = [];
  function* counted(): Generator<number> {
    try {
      for (let index = 0; ; index += 1) {
        happened.push(`read ${index}`);
        yield index;
      }
    } finally {
      happened.push("returned");
    }
  }
  const output = Source.from(counted())
    .map((element) => element * 2)
    .take(3)
    .runWith(Sink.collect(), system);
  clock.runSoon();
  expect(await output).toEqual([0, 2, 4]);
  expect(happened).toEqual(["read 0", "read 1", "read 2", "returned"]);
  assertAllStopped(system);
});

test("a fused source reads only on demand, and returns its iterator when downstream cancels", () => {
  const { system } = start();
  let read = 0;
  let returned = false;
  const elements = {
    *[Symbol.iterator]() {
      try {
        for (; ; read += 1) yield read;
      } finally {
        returned = true;
      }
    },
  };
  const downstream = Source.from(elements)
    .map((element) => element)
    .filter((element) => element % 2 === 1)
    .runWith(TestSink.probe<number>(), system);
  downstream.request(2);
  downstream.expectNext(1, 3);
  expect(read).toBe(3);
  expect(returned).toBe(false);
  downstream.cancel();
  expect(returned).toBe(true);
  assertAllStopped(system);
});

test("fused stages between probes hand on demand, completion, failure and cancellation", () => {
  const { system } = start();
  const between = () =>
    TestSource.probe<number>()
      .map((element) => element + 1)
      .filter((element) => element > 1)
      .grouped(2)
      .toMat(TestSink.probe<number[]>(), Keep.both)
      .run(system);
  const [first, end] = between();
  end.request(1);
  first.sendNext(0);
  first.sendNext(1);
  first.sendNext(2);
  end.expectNext([2, 3]);
  end.request(1);
  first.sendNext(3);
  first.sendComplete();
  end.expectNext([4]);
  end.expectComplete();
  const [second, failing] = between();
  failing.request(1);
  second.sendNext(5);
  second.sendError(new Error("gone"));
  expect(failing.expectError().message).toBe("gone");
  const [third, cancelling] = between();
  cancelling.cancel();
  third.expectCancellation();
  assertAllStopped(system);
});

test("two fused islands take turns", () => {
  const { clock, system } = start();
  const turns: string[] = [];
  const run = (name: string) =>
    Source.from(upTo(10_000))
      .map((element) => {
        if (turns.at(-1) !== name) turns.push(name);
        return element;
      })
      .runWith(Sink.ignore(), system);
  void run("a");
  void run("b");
  clock.runSoon();
  expect(turns.length).toBeGreaterThanOrEqual(16);
});

test("a million elements that are all dropped need many turns and little stack", async () => {
  const { clock, system } = start();
  let other = 0;
  const sum = Source.from(upTo(1_000_000))
    .filter((element) => element < 0)
    .runWith(
      Sink.fold(0, (count) => count + 1),
      system,
    );
  void Source.from(upTo(100)).runWith(
    Sink.foreach(() => {
      other += 1;
    }),
    system,
  );
  clock.runSoon();
  expect(await sum).toBe(0);
  expect(other).toBe(100);
  assertAllStopped(system);
});

test("a supervised chain drops what fails, though its neighbours are fused", async () => {
  const { clock, system } = start();
  const output = Source.from([1, 2, 3, 4])
    .map((element) => element * 2)
    .via(
      Flow.of<number>()
        .map((element) => {
          if (element === 4) throw new Error("it is 4");
          return element;
        })
        .withSupervision(() => "resume"),
    )
    .map((element) => element + 1)
    .runWith(Sink.collect(), system);
  clock.runSoon();
  expect(await output).toEqual([3, 7, 9]);
  assertAllStopped(system);
});
