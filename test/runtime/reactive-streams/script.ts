import fc from "fast-check";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { type VirtualClock, virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import type { RunnableGraph } from "../../../runtime/streams/runnable-graph.ts";
import type { Publisher } from "../../../runtime/streams/publisher.ts";
import { Recording } from "./recording.ts";
import { violationsOf } from "./rules.ts";
import { type Reply, ScriptedPublisher, ScriptedSubscriber } from "./scripted-ends.ts";

export type Step =
  | { readonly do: "request" | "misrequest" | "supply" | "wait"; readonly count: number }
  | { readonly do: "complete" | "fail" | "cancel" };

/** What both ends of a stream do, step by step. */
export interface Script {
  readonly upstream: Reply;
  readonly downstream: Reply;
  readonly chaseMax: 0 | 16;
  readonly steps: readonly Step[];
}

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("request" as const), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("supply" as const), count: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), count: fc.constantFrom(1, 10, 1_000) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("request" as const), count: fc.constant(Number.MAX_SAFE_INTEGER) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("complete" as const, "fail" as const, "cancel" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("misrequest" as const), count: fc.constantFrom(0, -1, 1.5, Number.NaN) }),
  },
);

const reply = fc.constantFrom<Reply>("at once", "later");

export const scripts: fc.Arbitrary<Script> = fc.record({
  upstream: reply,
  downstream: reply,
  chaseMax: fc.constantFrom(0 as const, 16 as const),
  steps: fc.array(step, { maxLength: 12 }),
});

/** What a graph under test is built between. */
export interface Stand {
  readonly clock: VirtualClock;
  readonly upstream: Publisher<number>;
  /** Watches a materialised value: where it is a promise, it must settle by the end. */
  readonly watch: (materialized: unknown) => void;
}

/** What a script has shown. */
export interface Findings {
  /** Rules that were broken, by edge. */
  readonly upstream: readonly string[];
  readonly downstream: readonly string[];
  /** Promises that have not settled. */
  readonly promisesLeft: number;
}

/** A closed graph that, where it has a downstream end, materialises its publisher. */
export type Build = (stand: Stand) => RunnableGraph<Publisher<unknown> | undefined>;

/**
 * Plays a script, then cancels downstream, or stops the run where there is no downstream.
 *
 * @throws {AssertionError} where an actor or a timer is left.
 */
export async function play(script: Script, build: Build): Promise<Findings> {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const [above, below] = [new Recording(), new Recording()];
  const upstream = new ScriptedPublisher(script.upstream === "at once" ? (run) => run() : (run) => clock.soon(run));
  const subscriber = new ScriptedSubscriber(script.downstream);
  let promisesLeft = 0;
  const watch = (materialized: unknown) => {
    if (!(materialized instanceof Promise)) return;
    promisesLeft += 1;
    const settle = () => {
      promisesLeft -= 1;
    };
    materialized.then(settle, settle);
  };
  const graph = build({ clock, watch, upstream: above.between(upstream) });
  const running = graph.runWatched(system, { chaseMax: script.chaseMax });
  const ended = running.done.catch(() => {});
  const publisher = running.materialized;
  if (publisher !== undefined) below.between(publisher).subscribe(subscriber);
  await clock.settle();
  const cancel = () => (publisher === undefined ? running.stop() : subscriber.cancel());
  for (const current of script.steps) {
    above.turn += 1;
    below.turn += 1;
    perform(current, { upstream, subscriber, clock, cancel });
    await clock.settle();
  }
  cancel();
  await clock.settle();
  assertAllStopped(system);
  await ended;
  return {
    upstream: violationsOf(above, { subscriberDone: true }),
    downstream: violationsOf(below, { subscriberDone: true }),
    promisesLeft,
  };
}

interface Hands {
  readonly upstream: ScriptedPublisher;
  readonly subscriber: ScriptedSubscriber;
  readonly clock: VirtualClock;
  readonly cancel: () => void;
}

function perform(current: Step, { upstream, subscriber, clock, cancel }: Hands): void {
  if (!("count" in current)) {
    if (current.do === "cancel") cancel();
    else upstream.end(current.do === "fail" ? new Error("broken on purpose") : "completed");
  } else if (current.do === "supply") upstream.supply(current.count);
  else if (current.do === "wait") clock.advance(current.count);
  else subscriber.request(current.count);
}
