import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../runtime/streams/graph-dsl.ts";
import type { GraphStageLogic } from "../../../runtime/streams/graph-stage.ts";
import { Broadcast } from "../../../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../../../runtime/streams/junctions/merge.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { FlowLogic, flowStage } from "../../../runtime/streams/linear-stage.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSink } from "../../../runtime/streams/probes/test-sink.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import { FlowShape } from "../../../runtime/streams/shape.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";

function start() {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock }) };
}

type Doing = (logic: StepLogic) => void;

/** A stage whose handlers do as a test says, else as a plain flow does. */
interface Steps {
  readonly onPush?: Doing;
  readonly onPull?: Doing;
  readonly onUpstreamFinish?: Doing;
  readonly onUpstreamFailure?: Doing;
  readonly onDownstreamFinish?: Doing;
  readonly preStart?: Doing;
  readonly postStop?: Doing;
}

class StepLogic extends FlowLogic<number, number> {
  declare readonly shape: FlowShape<number, number>;
  readonly #steps: Steps;
  stopped = 0;

  constructor(shape: FlowShape<number, number>, steps: Steps) {
    super(shape);
    this.shape = shape;
    this.#steps = steps;
  }

  override preStart(): void {
    this.#steps.preStart?.(this);
  }

  onPush(): void {
    if (this.#steps.onPush !== undefined) this.#steps.onPush(this);
    else this.push(this.out, this.grab(this.in));
  }

  override onPull(): void {
    if (this.#steps.onPull !== undefined) this.#steps.onPull(this);
    else super.onPull();
  }

  onUpstreamFinish(): void {
    if (this.#steps.onUpstreamFinish !== undefined) this.#steps.onUpstreamFinish(this);
    else this.completeStage();
  }

  onUpstreamFailure(error: Error): void {
    if (this.#steps.onUpstreamFailure !== undefined) this.#steps.onUpstreamFailure(this);
    else this.failStage(error);
  }

  onDownstreamFinish(cause?: Error): void {
    if (this.#steps.onDownstreamFinish !== undefined) this.#steps.onDownstreamFinish(this);
    else this.cancelStage(cause);
  }

  override postStop(): void {
    this.stopped += 1;
    this.#steps.postStop?.(this);
  }
}

/** A run of source probe, the stage, sink probe. */
function probe(steps: Steps) {
  const { clock, system } = start();
  const logics: StepLogic[] = [];
  const stage = flowStage<number, number>("step", (shape): GraphStageLogic => {
    const logic = new StepLogic(shape, steps);
    logics.push(logic);
    return logic;
  });
  const running = TestSource.probe<number>().via(stage).toMat(TestSink.probe<number>(), Keep.both).runWatched(system);
  const [upstream, downstream] = running.materialized;
  clock.runSoon();
  return { clock, system, upstream, downstream, running, stopped: () => logics[0]?.stopped };
}

const broken = new Error("broken on purpose");
const fail: Doing = () => {
  throw broken;
};

test("nothing is asked for before downstream asks, and then one element at a time", () => {
  const { upstream, downstream } = probe({});
  upstream.expectNoRequest();
  downstream.request(2);
  upstream.expectRequest();
  upstream.sendNext(1);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  downstream.expectNext(1, 2);
  downstream.expectNoMessage();
});

test("completion goes downstream, also without demand", () => {
  const { upstream, downstream, system, stopped } = probe({});
  upstream.sendComplete();
  downstream.expectComplete();
  expect(stopped()).toBe(1);
  assertAllStopped(system);
});

test("completion follows an element pushed in the same turn", async () => {
  const { system, clock } = start();
  const stage = flowStage<number, number>(
    "last",
    (shape) =>
      new StepLogic(shape, {
        onPush: (logic) => {
          logic.push(shape.out, logic.grab(shape.in));
          logic.completeStage();
        },
      }),
  );
  const result = Source.from([7, 8]).via(stage).runWith(Sink.collect<number>(), system);
  clock.runSoon();
  expect(await result).toEqual([7]);
});

test("a failure goes downstream as it is, after an element pushed before", () => {
  const { upstream, downstream, stopped } = probe({});
  downstream.request(2);
  upstream.sendNext(1);
  upstream.sendError(broken);
  downstream.expectNext(1);
  downstream.expectError(broken);
  expect(stopped()).toBe(1);
});

test("cancellation goes upstream, with its cause or without", () => {
  const plain = probe({});
  plain.downstream.cancel();
  expect(plain.upstream.expectCancellation()).toBeUndefined();
  expect(plain.stopped()).toBe(1);
  const failed = probe({});
  failed.downstream.cancel(broken);
  expect(failed.upstream.expectCancellation()).toBe(broken);
  assertAllStopped(failed.system);
});

test.each<[string, Steps, (run: ReturnType<typeof probe>) => void]>([
  ["preStart", { preStart: fail }, () => {}],
  ["onPull", { onPull: fail }, ({ downstream }) => downstream.request(1)],
  [
    "onPush",
    { onPush: fail },
    ({ upstream, downstream }) => {
      downstream.request(1);
      upstream.sendNext(1);
    },
  ],
  ["onUpstreamFinish", { onUpstreamFinish: fail }, ({ upstream }) => upstream.sendComplete()],
  ["onUpstreamFailure", { onUpstreamFailure: fail }, ({ upstream }) => upstream.sendError(new Error("another"))],
])("a stage that throws in %s fails downstream, and stops once", async (_name, steps, act) => {
  const run = probe(steps);
  act(run);
  run.downstream.expectError(broken);
  expect(run.stopped()).toBe(1);
  assertAllStopped(run.system);
  await expect(run.running.done).rejects.toBe(broken);
});

test.each<[string, Steps, (run: ReturnType<typeof probe>) => void]>([
  ["preStart", { preStart: fail }, () => {}],
  ["onPull", { onPull: fail }, ({ downstream }) => downstream.request(1)],
  ["onDownstreamFinish", { onDownstreamFinish: fail }, ({ downstream }) => downstream.cancel()],
])("a stage that throws in %s cancels upstream with the error", async (_name, steps, act) => {
  const run = probe(steps);
  act(run);
  expect(run.upstream.expectCancellation()).toBe(broken);
  assertAllStopped(run.system);
  await expect(run.running.done).rejects.toBe(broken);
});

test("a throw in postStop fails the run, though downstream has completed", async () => {
  const run = probe({ postStop: fail });
  run.upstream.sendComplete();
  run.downstream.expectComplete();
  await expect(run.running.done).rejects.toBe(broken);
});

test.each<[string, Steps, string]>([
  [
    "pulls twice",
    {
      onPull: (logic) => {
        logic.pull(logic.shape.in);
        logic.pull(logic.shape.in);
      },
    },
    "Cannot pull port twice",
  ],
  ["pushes before it is pulled", { preStart: (logic) => logic.push(logic.shape.out, 1) }, "before it is pulled"],
  [
    "pushes twice",
    {
      onPull: (logic) => {
        logic.push(logic.shape.out, 1);
        logic.push(logic.shape.out, 2);
      },
    },
    "Cannot push port twice",
  ],
  ["grabs what is not there", { onPull: (logic) => void logic.grab(logic.shape.in) }, "Cannot grab from empty port"],
  [
    "pulls a closed port",
    {
      onPull: (logic) => {
        logic.cancel(logic.shape.in);
        logic.pull(logic.shape.in);
      },
    },
    "Cannot pull closed port",
  ],
  [
    "pushes undefined",
    { onPull: (logic) => logic.push(logic.shape.out, undefined as unknown as number) },
    "an element must be there",
  ],
])("a stage that %s fails by the protocol", (_name, steps, sentence) => {
  const { downstream } = probe(steps);
  downstream.request(1);
  const error = downstream.expectError();
  expect(error).toMatchObject({ code: "STAGE_FAILED" });
  expect(error.message).toContain(sentence);
});

test("a stage that keeps going outlives its ports until it says so", () => {
  const wake: (() => void)[] = [];
  const { upstream, downstream, stopped, system, clock } = probe({
    preStart: (logic) => {
      logic.setKeepGoing(true);
      const callback = logic.getAsyncCallback(() => logic.completeStage());
      wake.push(() => callback(undefined));
    },
    onUpstreamFinish: (logic) => logic.complete(logic.shape.out),
  });
  upstream.sendComplete();
  downstream.expectComplete();
  expect(stopped()).toBe(0);
  expect(system.running).toHaveLength(1);
  for (const call of wake) call();
  clock.runSoon();
  expect(stopped()).toBe(1);
  assertAllStopped(system);
});

test("a callback of a stage that has stopped is ignored", () => {
  const calls: string[] = [];
  const wake: ((value: string) => void)[] = [];
  const { upstream, clock, system } = probe({
    preStart: (logic) => void wake.push(logic.getAsyncCallback((value: string) => void calls.push(value))),
  });
  wake[0]?.("running");
  clock.runSoon();
  upstream.sendComplete();
  wake[0]?.("stopped");
  clock.runSoon();
  expect(calls).toEqual(["running"]);
  assertAllStopped(system);
});

test("timers of a stage fire when due, are replaced by key, and are called off at the end", () => {
  const { clock, system } = start();
  const fired: string[] = [];
  class TimerLogic extends FlowLogic<number, number> {
    override preStart(): void {
      this.scheduleOnce("a", 10);
      this.scheduleOnce("a", 20);
      this.scheduleOnce("b", 15);
      this.scheduleOnce("c", 1_000);
    }
    onPush(): void {
      this.push(this.out, this.grab(this.in));
    }
    override onTimer(key: string): void {
      fired.push(key + this.clock.now());
    }
  }
  const running = Source.never<number>()
    .via(flowStage<number, number>("timer", (shape) => new TimerLogic(shape)))
    .runWatched(Sink.ignore(), system);
  clock.advance(100);
  expect(fired).toEqual(["b15", "a20"]);
  running.stop();
  assertAllStopped(system);
});

test("emitted elements come in order, then completion, as downstream asks", () => {
  const { upstream, downstream } = probe({
    onUpstreamFinish: (logic) => {
      logic.emitMultiple(logic.shape.out, [1, 2]);
      logic.emit(logic.shape.out, 3);
      logic.completeStage();
    },
  });
  upstream.sendComplete();
  downstream.expectNoMessage();
  downstream.request(2);
  downstream.expectNext(1, 2);
  downstream.expectNoMessage();
  downstream.request(1);
  downstream.expectNext(3);
  downstream.expectComplete();
});

function* upTo(count: number): Generator<number> {
  for (let index = 0; index < count; index += 1) yield index;
}

test("a million elements pass five stages with a bounded stack", async () => {
  const { clock, system } = start();
  let flow: Flow<number, number> = Flow.of<number>();
  for (let stage = 0; stage < 5; stage += 1) flow = flow.map((element) => element + 1);
  const depths = new Set<number>();
  const count = 1_000_000;
  const sum = Source.from(upTo(count))
    .via(flow)
    .map((element) => {
      if (element % 100_000 === 5) depths.add((new Error().stack ?? "").split("\n").length);
      return element;
    })
    .runWith(
      Sink.fold(0, (total: number, element: number) => total + element),
      system,
    );
  clock.runSoon();
  expect(await sum).toBe((count * (count - 1)) / 2 + 5 * count);
  expect(depths.size).toBe(1);
  assertAllStopped(system);
});

test.each([0, 1, 16])("with at most %i chased events the elements are the same", async (chaseMax) => {
  const { clock, system } = start();
  const graph = GraphDSL.create({ sink: Sink.collect<number>() }, (builder, { sink }) => {
    const source = builder.add(Source.from(upTo(100)));
    const broadcast = builder.add(new Broadcast<number>(2));
    const merge = builder.add(new Merge<number>(2));
    const [left, right] = [builder.add(Flow.of<number>()), builder.add(Flow.of<number>().map((element) => -element))];
    builder.connect(source.out, broadcast.in);
    for (const [index, out] of broadcast.outs.entries()) builder.connect(out, (index === 0 ? left : right).in);
    for (const [index, inlet] of merge.ins.entries()) builder.connect((index === 0 ? left : right).out, inlet);
    builder.connect(merge.out, sink.in);
  });
  const { sink } = graph.run(system, { chaseMax });
  clock.runSoon();
  const elements = await sink;
  expect(elements.filter((element) => element > 0)).toEqual([...upTo(100)].slice(1));
  expect(elements.filter((element) => element < 0)).toEqual([...upTo(100)].slice(1).map((element) => -element));
});

test("a cycle with a buffer that drops stays live", async () => {
  const { clock, system } = start();
  const graph = GraphDSL.create({ sink: Sink.head<number>() }, (builder, { sink }) => {
    const source = builder.add(Source.from(upTo(1_000)));
    const merge = builder.add(new Merge<number>(2));
    const broadcast = builder.add(new Broadcast<number>(2));
    const back = builder.add(
      Flow.of<number>()
        .buffer(4, "dropHead")
        .map((element) => element + 1)
        .filter((element) => element < 2_000),
    );
    const found = builder.add(Flow.of<number>().filter((element) => element > 1_500));
    const [first, second] = merge.ins;
    const [out, feedback] = broadcast.outs;
    if (first === undefined || second === undefined || out === undefined || feedback === undefined) throw broken;
    builder.connect(source.out, first);
    builder.connect(merge.out, broadcast.in);
    builder.connect(out, found.in);
    builder.connect(found.out, sink.in);
    builder.connect(feedback, back.in);
    builder.connect(back.out, second);
  });
  const running = graph.runWatched(system);
  clock.runSoon();
  expect(await running.materialized.sink).toBe(1_501);
  running.stop();
  assertAllStopped(system);
});

test("two islands share the thread: neither is done before the other has begun", async () => {
  const { clock, system } = start();
  const progress = { left: 0, right: 0 };
  let leftWhenRightBegan = -1;
  const left = Source.from(upTo(100_000)).runWith(
    Sink.foreach(() => {
      progress.left += 1;
    }),
    system,
  );
  const right = Source.from(upTo(100_000)).runWith(
    Sink.foreach(() => {
      if (progress.right === 0) leftWhenRightBegan = progress.left;
      progress.right += 1;
    }),
    system,
  );
  clock.runSoon();
  await Promise.all([left, right]);
  expect(progress).toEqual({ left: 100_000, right: 100_000 });
  expect(leftWhenRightBegan).toBeLessThan(2_000);
});

test("a port that is neither connected nor returned is told when the graph is built", () => {
  expect(() =>
    GraphDSL.create((builder) => {
      builder.add(Source.from([1]));
    }),
  ).toThrowError("every port must be connected or returned");
});

test("the shape of a built graph may be part of a larger one", async () => {
  const { clock, system } = start();
  const plusOne = GraphDSL.create((builder) => {
    const shape = builder.add(Flow.of<number>().map((element) => element + 1));
    return new FlowShape(shape.in, shape.out);
  });
  const flow = Flow.fromGraph(plusOne);
  const result = Source.from([1, 2]).via(flow).via(flow).runWith(Sink.collect<number>(), system);
  clock.runSoon();
  expect(await result).toEqual([3, 4]);
});
