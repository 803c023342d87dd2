import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { FlowLogic, flowStage } from "../../../runtime/streams/linear-stage.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { Recording } from "./recording.ts";
import { violationsOf } from "./rules.ts";
import { play, type Script } from "./script.ts";
import { ScriptedPublisher, ScriptedSubscriber } from "./scripted-ends.ts";

// Stages that break the protocol of their ports, which would break a rule at the edge: each is failed before that.

/** A stage whose handler misbehaves: it passes elements on, and then does what it must not. */
class BrokenLogic extends FlowLogic<number, number> {
  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  pushTwice(): void {
    this.onPush();
    this.push(this.out, 0);
  }

  pushNothing(): void {
    this.grab(this.in);
    this.push(this.out, undefined as never);
  }

  pushAfterTheEnd(): void {
    this.complete(this.out);
    this.push(this.out, 0);
  }

  pullTwice(): void {
    this.grab(this.in);
    this.pull(this.in);
    this.pull(this.in);
  }

  pullAfterTheEnd(): void {
    this.cancel(this.in);
    this.pull(this.in);
  }

  grabTwice(): void {
    this.grab(this.in);
    this.grab(this.in);
  }

  throwSomething(): void {
    throw new Error("broken on purpose");
  }
}

type Misbehaviour = Exclude<
  { [K in keyof BrokenLogic]: BrokenLogic[K] extends () => void ? K : never }[keyof BrokenLogic],
  "preStart" | "postStop" | "onPull" | "onPush" | "completeStage"
>;

const misbehaviours: readonly [rules: string, behaviour: Misbehaviour, sentence: string][] = [
  ["1.1", "pushTwice", "Cannot push port twice"],
  ["2.13", "pushNothing", "an element must be there"],
  ["1.7", "pushAfterTheEnd", "Cannot push closed port"],
  ["2.7", "pullTwice", "Cannot pull port twice"],
  ["3.6", "pullAfterTheEnd", "Cannot pull closed port"],
  ["1.1", "grabTwice", "Cannot grab from empty port"],
  ["1.4", "throwSomething", "broken on purpose"],
];

test.each(misbehaviours)(
  "rule %s: a stage that would break it by %s is failed, and both edges keep all rules",
  (_rule, behaviour, sentence) => {
    const clock = virtualClock();
    const system = new ActorSystem({ clock });
    const [above, below] = [new Recording(), new Recording()];
    const upstream = new ScriptedPublisher((run) => run());
    const subscriber = new ScriptedSubscriber("later");
    const stage = flowStage<number, number>("broken", (shape) => {
      const logic = new BrokenLogic(shape);
      logic.setHandler(shape.in, { onPush: () => logic[behaviour]() });
      return logic;
    });
    const publisher = Source.fromPublisher(above.between(upstream))
      .via(stage)
      .toMat(Sink.asPublisher<number>(), Keep.right)
      .run(system);
    below.between(publisher).subscribe(subscriber);
    subscriber.request(10);
    upstream.supply(10);
    clock.runSoon();
    // After an end nothing more is told; before it the failure is.
    if (behaviour === "pushAfterTheEnd") expect(subscriber.end).toBe("completed");
    else expect(String(subscriber.end)).toContain(sentence);
    expect(upstream.cancelled).toBe(true);
    for (const edge of [above, below]) expect(violationsOf(edge, { subscriberDone: true })).toEqual([]);
    assertAllStopped(system);
  },
);

/** A stage that outlives its ports, with a timer. */
class LingeringLogic extends FlowLogic<number, number> {
  override preStart(): void {
    this.setKeepGoing(true);
    this.scheduleOnce("linger", 1_000_000);
  }

  onPush(): void {
    this.push(this.out, this.grab(this.in));
  }

  onDownstreamFinish(): void {
    this.cancel(this.in);
  }
}

const anyScript: Script = {
  upstream: "at once",
  downstream: "later",
  chaseMax: 16,
  steps: [
    { do: "request", count: 3 },
    { do: "supply", count: 5 },
  ],
};

test("a stage that is left with its timer after a cancellation is found by a script", async () => {
  const lingering = flowStage<number, number>("lingering", (shape) => new LingeringLogic(shape));
  const played = play(anyScript, ({ upstream }) =>
    Source.fromPublisher(upstream).via(lingering).toMat(Sink.asPublisher<unknown>(), Keep.right),
  );
  await expect(played).rejects.toThrow("expected every actor to have stopped");
});

test("a promise that never settles is found by a script", async () => {
  const findings = await play(anyScript, ({ upstream, watch }) => {
    watch(new Promise(() => {}));
    return Source.fromPublisher(upstream).toMat(Sink.asPublisher<unknown>(), Keep.right);
  });
  expect(findings).toEqual({ upstream: [], downstream: [], promisesLeft: 1 });
});
