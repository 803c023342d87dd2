import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { BroadcastHub } from "../../../runtime/streams/hubs/broadcast-hub.ts";
import { MergeHub } from "../../../runtime/streams/hubs/merge-hub.ts";
import { PartitionHub } from "../../../runtime/streams/hubs/partition-hub.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { operatorOf, publicOperators } from "./public-operators.ts";
import { type HubFindings, type HubScript, hubScripts, type OpenHub, playHub } from "./hub-script.ts";

/** Scripts for each hub. */
const numRuns = 120;

/** A hub that many may enter and many leave: producers come by a merge hub, which a run joins with the hub under test. */
function between(system: ActorSystem, sink: Sink<number, Source<number>>): OpenHub {
  const running = MergeHub.source<number>(2).toMat(sink, Keep.both).runWatched(system);
  const [entrance, exit] = running.materialized;
  return { producersMax: 4, consumersMax: 6, entrance: () => entrance, exit: () => exit, running };
}

/** A merge hub and its one consumer. */
function merging(drainsAfter: number): (system: ActorSystem) => OpenHub {
  return () => {
    let sink: Sink<number> = Sink.cancelled();
    let drain = () => {};
    let joined = 0;
    const exit = MergeHub.sourceWithDraining<number>(3).mapMaterializedValue(([entrance, control]) => {
      sink = entrance;
      drain = () => control.drainAndComplete();
    });
    const entrance = () => {
      joined += 1;
      if (joined > drainsAfter) drain();
      return sink;
    };
    return { producersMax: 6, consumersMax: 1, entrance, exit: () => exit };
  };
}

/** A publisher that many subscribe to at once. */
function fanOut(system: ActorSystem): OpenHub {
  const running = MergeHub.source<number>(2).toMat(Sink.asPublisher<number>(true), Keep.both).runWatched(system);
  const [entrance, publisher] = running.materialized;
  const exit = () => Source.fromPublisher(publisher);
  return { producersMax: 4, consumersMax: 6, entrance: () => entrance, exit, running };
}

const hubs: Readonly<Record<string, (system: ActorSystem) => OpenHub>> = {
  "BroadcastHub.sink": (system) => between(system, BroadcastHub.sink<number>(4)),
  "BroadcastHub.sink (starts after two)": (system) => between(system, BroadcastHub.sink<number>(4, 2)),
  "MergeHub.source": merging(6),
  "MergeHub.sourceWithDraining": merging(2),
  "PartitionHub.sink": (system) =>
    between(
      system,
      PartitionHub.sink<number>((consumers, n) => n % consumers, 1, 4),
    ),
  "PartitionHub.sink (drops)": (system) =>
    between(
      system,
      PartitionHub.sink<number>((_, n) => (n % 3) - 1, 2, 4),
    ),
  "Sink.asPublisher (fan-out)": fanOut,
};

/** Whether elements of each producer come in order, none twice, and none that was not sent. */
function keepsOrder(received: readonly number[], { sent }: HubFindings): boolean {
  const last = sent.map(() => 0);
  return received.every((n) => {
    const [producer, index] = [Math.floor(n / 1_000), n % 1_000];
    const follows = index > (last[producer] ?? Number.POSITIVE_INFINITY) && index <= (sent[producer] ?? 0);
    last[producer] = index;
    return follows;
  });
}

test("every public hub is scripted", () => {
  const known = new Set(Object.keys(hubs).map(operatorOf));
  expect(publicOperators().filter((name) => name.includes("Hub.") && !known.has(name))).toEqual([]);
});

test.each(Object.entries(hubs))(
  "%s keeps the rules and the order at every edge and leaves nothing, whoever joins and leaves",
  async (_name, open) => {
    const holds = async (script: HubScript) => {
      const findings = await playHub(script, open);
      expect(findings.producers).toEqual([]);
      expect(findings.consumers).toEqual([]);
      for (const received of findings.received) expect(keepsOrder(received, findings)).toBe(true);
    };
    await fc.assert(fc.asyncProperty(hubScripts, holds), { numRuns });
  },
);

test.each(["BroadcastHub.sink", "Sink.asPublisher (fan-out)"])(
  "%s gives all its consumers the same elements, from where each joined",
  async (name) => {
    const holds = async (script: HubScript) => {
      const { received } = await playHub(script, hubs[name] ?? expect.fail("it is registered"));
      // What one consumer has between the first and the last that another shares, that other has too.
      for (const one of received) {
        for (const other of received) {
          const [from, to] = [other.indexOf(one[0] ?? 0), other.indexOf(one.at(-1) ?? 0)];
          if (from >= 0 && to >= 0) expect(other.slice(from, to + 1)).toEqual(one);
        }
      }
    };
    await fc.assert(fc.asyncProperty(hubScripts, holds), { numRuns });
  },
);

test("PartitionHub gives each element to one consumer at most", async () => {
  const holds = async (script: HubScript) => {
    const { received } = await playHub(script, hubs["PartitionHub.sink"] ?? expect.fail("it is registered"));
    const all = received.flat();
    expect(new Set(all).size).toBe(all.length);
  };
  await fc.assert(fc.asyncProperty(hubScripts, holds), { numRuns });
});

test("a hub that repeats, swaps or leaks is caught", async () => {
  const broken = (change: (source: Source<number, unknown>) => Source<number, unknown>) => (system: ActorSystem) => {
    const hub = between(system, BroadcastHub.sink<number>(4));
    return { ...hub, exit: () => change(hub.exit()) };
  };
  const swaps = broken((source) => source.grouped(2).mapConcat((group) => group.toReversed()));
  const repeats = broken((source) => source.mapConcat((n) => [n, n]));
  for (const open of [swaps, repeats]) {
    let caught = 0;
    const counts = async (script: HubScript) => {
      const findings = await playHub(script, open);
      if (!findings.received.every((received) => keepsOrder(received, findings))) caught += 1;
    };
    await fc.assert(fc.asyncProperty(hubScripts, counts), { numRuns: 30, seed: 1 });
    expect(caught).toBeGreaterThan(0);
  }
  const leaks = (system: ActorSystem) => {
    const { running: _left, ...hub } = between(system, BroadcastHub.sink<number>(4));
    return hub;
  };
  await expect(playHub({ seed: 1, steps: [] }, leaks)).rejects.toThrow("expected every actor to have stopped");
});

test("the scripts let elements through every hub", async () => {
  for (const [name, open] of Object.entries(hubs)) {
    let elements = 0;
    const counts = async (script: HubScript) => {
      const { received } = await playHub(script, open);
      elements += received.flat().length;
    };
    await fc.assert(fc.asyncProperty(hubScripts, counts), { numRuns: 50, seed: 1 });
    expect(elements, name).toBeGreaterThan(50);
  }
});
