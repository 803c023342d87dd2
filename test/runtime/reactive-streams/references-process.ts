import {
  ActorSystem,
  BroadcastHub,
  Flow,
  FlowShape,
  GraphStage,
  GraphStageLogic,
  Inlet,
  Keep,
  MergeHub,
  Outlet,
  PartitionHub,
  Sink,
  SinkShape,
  Source,
  SourceShape,
  type Subscriber,
  type Subscription,
} from "../../../millrace.ts";
import { virtualClock } from "../../../testing.ts";
import { flows } from "./registered-flows.ts";
import { junctions } from "./registered-junctions.ts";
import { sinks } from "./registered-sinks.ts";

// Run with --expose-gc. Prints what was collected, while the publishers, subscriptions and the system are still held.

// An error holds the receivers on its stack until that is read; here it is to hold nothing.
Error.stackTraceLimit = 0;

const clock = virtualClock();
const system = new ActorSystem({ clock });
const watched = new Map<string, WeakRef<object>>();
const held: unknown[] = [];

function watch<T extends object>(name: string, made: T): T {
  watched.set(name, new WeakRef(made));
  return made;
}

function subscriber(name: string): Subscriber<unknown> & { cancel(): void } {
  let cancel = () => {};
  return watch(name, {
    onSubscribe: (subscription) => {
      held.push(subscription);
      cancel = () => subscription.cancel();
      subscription.request(1);
    },
    onNext: () => {},
    onError: () => {},
    onComplete: () => {},
    cancel: () => cancel(),
  });
}

function publishers(): void {
  for (const fanout of [false, true]) {
    const publisher = Source.never<object>().runWith(Sink.asPublisher<object>(fanout), system);
    const leaving = subscriber(fanout ? "cancelled subscriber of a fan-out" : "cancelled subscriber");
    publisher.subscribe(leaving);
    if (fanout) publisher.subscribe(subscriber("subscriber that stays"));
    clock.runSoon();
    leaving.cancel();
    clock.runSoon();
    held.push(publisher);
  }
  const publisher = Source.never<object>().runWith(Sink.asPublisher<object>(), system);
  publisher.subscribe(subscriber("failed subscriber"));
  // Not through the subscriber: the stack of the error that follows would hold it.
  (held.at(-1) as Subscription).request(0);
  clock.runSoon();
  held.push(publisher);
}

class KeepingStage extends GraphStage<SinkShape<object>> {
  readonly shape = new SinkShape(new Inlet<object>("keeping.in"));

  createLogic(): GraphStageLogic {
    return watch("logic of a stopped run", new KeepingLogic(this.shape));
  }
}

class KeepingLogic extends GraphStageLogic {
  constructor(shape: SinkShape<object>) {
    super(shape);
    this.setHandler(shape.in, { onPush: () => {} });
  }
}

function elements(): void {
  const one = Source.single(watch("elements of a completed stream", {}));
  held.push(one.runWith(Sink.ignore<object>(), system));
  const queue = Source.queue<object>(4)
    .via(Flow.of<object>().buffer(4, "backpressure"))
    .to(Sink.asPublisher<object>())
    .runWatched(system);
  clock.runSoon();
  queue.materialized.offer(watch("elements of a cancelled buffer", {}));
  clock.runSoon();
  queue.stop();
  held.push(queue.materialized);
  const stopped = Source.never<object>().to(Sink.fromStage(new KeepingStage())).runWatched(system);
  clock.runSoon();
  stopped.stop();
  clock.runSoon();
}

/** A source of 40 numbers and no end, whose logic is watched: what still holds it holds the run. */
class WatchedSource extends GraphStage<SourceShape<number>> {
  readonly shape = new SourceShape(new Outlet<number>("watched.out"));
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  createLogic(): GraphStageLogic {
    return watch(this.#name, new CountingLogic(this.shape));
  }
}

class CountingLogic extends GraphStageLogic {
  constructor(shape: SourceShape<number>) {
    super(shape);
    let next = 0;
    this.setHandler(shape.out, {
      onPull: () => {
        next += 1;
        if (next <= 40) this.push(shape.out, next);
      },
    });
  }
}

/** Its function holds the switch, which holds the run that it ends. */
const holding = "KillSwitches.single (shuts down)";

/**
 * Runs a watched source into a sink, and stops it. The blueprint is held, and the promises that it materialised; handles, such as a
 * queue or a switch, are dropped: they are part of their run.
 */
async function runs(name: string, sink: Sink<number, unknown>): Promise<void> {
  const graph = Source.fromStage(new WatchedSource(`run of ${name}`)).toMat(sink, Keep.right);
  const running = graph.runWatched(system);
  await clock.settle();
  clock.advance(1);
  running.stop();
  await clock.settle();
  held.push(
    graph,
    [running.materialized].flat().filter((materialized) => materialized instanceof Promise),
  );
}

async function everyOperator(): Promise<void> {
  for (const [name, make] of Object.entries({ ...flows, ...junctions })) {
    if (name === holding) continue;
    await runs(name, make().take(3).toMat(Sink.ignore(), Keep.both));
    await runs(`${name} between boundaries`, Flow.of<number>().async().via(make().async()).to(Sink.ignore()));
  }
  for (const [name, make] of Object.entries(sinks)) await runs(name, make());
}

/** A producer and a consumer leave hubs that go on. */
async function hubs(): Promise<void> {
  const [entrance, exit] = MergeHub.source<number>().toMat(BroadcastHub.sink<number>(4), Keep.both).run(system);
  const [parting, partition] = MergeHub.source<number>()
    .toMat(
      PartitionHub.sink<number>(() => 0),
      Keep.both,
    )
    .run(system);
  for (const [name, sink, source] of [
    ["a broadcast hub", entrance, exit],
    ["a partition hub", parting, partition],
  ] as const) {
    const leaving = source
      .via(Flow.fromStage(new WatchedFlow(`consumer of ${name}`)))
      .runWatched(Sink.ignore(), system);
    await runs(`a producer of ${name}`, sink);
    leaving.stop();
    held.push(sink, source);
  }
}

class WatchedFlow extends GraphStage<FlowShape<number, number>> {
  readonly shape = new FlowShape(new Inlet<number>("watched.in"), new Outlet<number>("watched.out"));
  readonly #name: string;

  constructor(name: string) {
    super();
    this.#name = name;
  }

  createLogic(): GraphStageLogic {
    return watch(this.#name, new PassingLogic(this.shape));
  }
}

class PassingLogic extends GraphStageLogic {
  constructor({ in: inlet, out, ...shape }: FlowShape<number, number>) {
    super({ ...shape, inlets: [inlet], outlets: [out] });
    this.setHandler(inlet, { onPush: () => this.push(out, this.grab(inlet)) });
    this.setHandler(out, { onPull: () => this.pull(inlet) });
  }
}

publishers();
elements();
await everyOperator();
await hubs();
await clock.settle();
const collect = (globalThis as { gc?: () => void }).gc;
for (let round = 0; round < 5; round += 1) {
  collect?.();
  await clock.settle();
}
const found = [...watched].map(([name, reference]) => [name, reference.deref() === undefined ? "collected" : "kept"]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)));
process.exitCode = held.length > 0 && collect !== undefined ? 0 : 1;
