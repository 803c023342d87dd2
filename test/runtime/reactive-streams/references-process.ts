import {
  ActorSystem,
  Flow,
  GraphStage,
  GraphStageLogic,
  Inlet,
  Sink,
  SinkShape,
  Source,
  type Subscriber,
  type Subscription,
} from "../../../millrace.ts";
import { virtualClock } from "../../../testing.ts";

// Run with --expose-gc. Prints what was collected, while the publishers, subscriptions and the system are still held.

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

publishers();
elements();
await clock.settle();
const collect = (globalThis as { gc?: () => void }).gc;
for (let round = 0; round < 5; round += 1) {
  collect?.();
  await clock.settle();
}
const found = [...watched].map(([name, reference]) => [name, reference.deref() === undefined ? "collected" : "kept"]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)));
process.exitCode = held.length > 0 && collect !== undefined ? 0 : 1;
