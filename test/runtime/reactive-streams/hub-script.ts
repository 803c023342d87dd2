import fc from "fast-check";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { type SeededScheduler, seededScheduler } from "../../../runtime/clock/seeded-scheduler.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import type { Publisher } from "../../../runtime/streams/publisher.ts";
import type { RunningGraph } from "../../../runtime/streams/runnable-graph.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { Recording } from "./recording.ts";
import { violationsOf } from "./rules.ts";
import { type Reply, ScriptedPublisher, ScriptedSubscriber } from "./scripted-ends.ts";

/** What one of several producers or consumers does; `who` counts those that have joined, round and round. */
export type HubStep =
  | { readonly do: "produce"; readonly reply: Reply }
  | { readonly do: "consume"; readonly reply: Reply }
  | { readonly do: "supply" | "request"; readonly who: number; readonly count: number }
  | { readonly do: "complete" | "fail" | "cancel"; readonly who: number }
  | { readonly do: "wait"; readonly count: number };

export interface HubScript {
  readonly seed: number;
  readonly steps: readonly HubStep[];
}

const who = fc.nat(5);
const count = fc.integer({ min: 1, max: 20 });
const reply = fc.constantFrom<Reply>("at once", "later");

const step: fc.Arbitrary<HubStep> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("produce" as const), reply }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("consume" as const), reply }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom("supply" as const, "request" as const), who, count }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("complete" as const, "fail" as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cancel" as const), who }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("wait" as const), count }) },
);

export const hubScripts: fc.Arbitrary<HubScript> = fc.record({
  seed: fc.integer(),
  steps: fc.array(step, { minLength: 4, maxLength: 40, size: "max" }),
});

/** A hub at work: who produces runs into `entrance`, who consumes runs out of `exit`. */
export interface OpenHub {
  /** Producers that may join; more are not tried. */
  readonly producersMax: number;
  readonly consumersMax: number;
  readonly entrance: () => Sink<number, unknown>;
  readonly exit: () => Source<number, unknown>;
  /** What was run to open it. */
  readonly running?: RunningGraph<unknown>;
}

export interface HubFindings {
  /** Rules broken at the edges of producers and consumers. */
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  /** What each producer has sent: `1000 * producer + 1`, and so on. */
  readonly sent: readonly number[];
  /** What each consumer has received. */
  readonly received: readonly (readonly number[])[];
}

interface Producer {
  readonly publisher: ScriptedPublisher;
  readonly recording: Recording;
}

interface Consumer {
  readonly subscriber: ScriptedSubscriber;
  readonly recording: Recording;
}

/**
 * Plays a script in the order of its seed; in the end all consumers cancel and what is left is stopped.
 *
 * @throws {AssertionError} where an actor or a timer is left.
 */
export async function playHub(script: HubScript, open: (system: ActorSystem) => OpenHub): Promise<HubFindings> {
  const clock = seededScheduler(script.seed);
  const system = new ActorSystem({ clock });
  const hub = open(system);
  const cast = new Cast(hub, system, clock);
  await clock.settle();
  for (const current of script.steps) {
    cast.nextTurn();
    cast.perform(current);
    await clock.settle();
  }
  cast.end();
  await clock.settle();
  hub.running?.stop();
  await clock.settle();
  assertAllStopped(system);
  return cast.findings();
}

class Cast {
  readonly #hub: OpenHub;
  readonly #system: ActorSystem;
  readonly #clock: SeededScheduler;
  readonly #producers: Producer[] = [];
  readonly #consumers: Consumer[] = [];

  constructor(hub: OpenHub, system: ActorSystem, clock: SeededScheduler) {
    this.#hub = hub;
    this.#system = system;
    this.#clock = clock;
  }

  nextTurn(): void {
    for (const { recording } of [...this.#producers, ...this.#consumers]) recording.turn += 1;
  }

  perform(current: HubStep): void {
    if (current.do === "produce") this.#produce(current.reply);
    else if (current.do === "consume") this.#consume(current.reply);
    else if (current.do === "wait") this.#clock.advance(current.count);
    else if (current.do === "request" || current.do === "cancel") {
      const subscriber = this.#consumers[current.who % Math.max(1, this.#consumers.length)]?.subscriber;
      if (current.do === "request") subscriber?.request(current.count);
      else subscriber?.cancel();
    } else {
      const publisher = this.#producers[current.who % Math.max(1, this.#producers.length)]?.publisher;
      if (current.do === "supply") publisher?.supply(current.count);
      else publisher?.end(current.do === "fail" ? new Error("broken on purpose") : "completed");
    }
  }

  /** Consumers leave; producers come to their end. */
  end(): void {
    for (const { subscriber } of this.#consumers) subscriber.cancel();
    for (const { publisher } of this.#producers) publisher.end(new Error("the script is over"));
  }

  findings(): HubFindings {
    const broken = (ends: readonly { recording: Recording }[]) =>
      ends.flatMap(({ recording }) => violationsOf(recording, { subscriberDone: true }));
    return {
      producers: broken(this.#producers),
      consumers: broken(this.#consumers),
      sent: this.#producers.map(({ publisher }) => publisher.sent),
      received: this.#consumers.map(({ subscriber }) => subscriber.received as number[]),
    };
  }

  #produce(answers: Reply): void {
    const index = this.#producers.length;
    if (index >= this.#hub.producersMax) return;
    const recording = new Recording();
    const publisher = new ScriptedPublisher(answers === "at once" ? (run) => run() : (run) => this.#clock.soon(run));
    this.#producers.push({ publisher, recording });
    Source.fromPublisher(recording.between(publisher))
      .map((n) => 1_000 * index + n)
      .to(this.#hub.entrance())
      .run(this.#system, { onFailure: () => {} });
  }

  #consume(answers: Reply): void {
    if (this.#consumers.length >= this.#hub.consumersMax) return;
    const recording = new Recording();
    const subscriber = new ScriptedSubscriber(answers);
    this.#consumers.push({ subscriber, recording });
    const publisher: Publisher<number> = this.#hub
      .exit()
      .runWith(Sink.asPublisher<number>(), this.#system, { onFailure: () => {} });
    recording.between(publisher).subscribe(subscriber);
  }
}
