import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import type { Flow } from "../../../runtime/streams/flow.ts";
import { Keep } from "../../../runtime/streams/keep.ts";
import { assertAllStopped } from "../../../runtime/streams/probes/assert-all-stopped.ts";
import { TestSource } from "../../../runtime/streams/probes/test-source.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import type { Source } from "../../../runtime/streams/source.ts";
import { ScriptedSubscriber } from "./scripted-ends.ts";

type Numbers = Flow<number, unknown, unknown>;

/** Elements that an upstream without end offers, at most. */
export const offered = 60;

/** A flow between a hand upstream and a subscriber. All moves let the graph come to rest, so how it is run makes no difference. */
class Bench {
  readonly subscriber = new ScriptedSubscriber("later");
  readonly #clock = virtualClock();
  readonly #system = new ActorSystem({ clock: this.#clock });
  readonly #upstream;

  constructor(flow: Numbers) {
    const graph = TestSource.probe<number>().via(flow).toMat(Sink.asPublisher<unknown>(), Keep.both);
    const [upstream, publisher] = graph.run(this.#system, { onFailure: () => {} });
    this.#upstream = upstream;
    publisher.subscribe(this.subscriber);
  }

  async rest(advanceMs = 0): Promise<void> {
    await this.#clock.settle();
    this.#clock.advance(advanceMs);
    await this.#clock.settle();
  }

  /** Sends 1, 2, 3, … while they are asked for. @returns how many were. */
  async send(most: number): Promise<number> {
    await this.rest();
    for (let sent = 0; sent < most; sent += 1) {
      // What waits for time has it, once.
      if (this.#upstream.pending === 0 && this.subscriber.end === "open") await this.rest(100);
      if (this.#upstream.pending === 0) return sent;
      this.#upstream.sendNext(sent + 1);
      await this.rest();
    }
    return most;
  }

  /** Ends upstream, and lets 10 s pass. */
  async endUpstream(error?: Error): Promise<void> {
    if (error === undefined) this.#upstream.sendComplete();
    else this.#upstream.sendError(error);
    for (let seconds = 0; seconds < 10; seconds += 1) await this.rest(1_000);
  }

  cancel(): void {
    this.subscriber.cancel();
    this.#clock.runSoon();
  }

  /** @throws {AssertionError} where upstream was not cancelled. */
  expectCancellation(): void {
    this.#upstream.expectCancellation();
  }

  get end(): string {
    const { end } = this.subscriber;
    return end instanceof Error ? end.message : end;
  }

  /** @throws {AssertionError} where an actor or a timer is left. */
  async close(): Promise<void> {
    this.cancel();
    await this.rest();
    assertAllStopped(this.#system);
  }
}

const endless = Number.MAX_SAFE_INTEGER;

/** What it makes of `count` elements and the end, with demand at any time: the elements, then how it ended. */
export async function emits(flow: Numbers, count: number): Promise<readonly unknown[]> {
  const bench = new Bench(flow);
  bench.subscriber.request(endless);
  await bench.send(count);
  await bench.endUpstream();
  const told = [...bench.subscriber.received, bench.end];
  await bench.close();
  return told;
}

/** How many elements it takes while downstream asks for none. */
export async function takesAhead(flow: Numbers): Promise<number> {
  const bench = new Bench(flow);
  const taken = await bench.send(offered);
  await bench.close();
  return taken;
}

/** How many elements of an endless upstream it takes until it ends by itself, and cancels; `offered` where it does not. */
export async function endsAfter(flow: Numbers): Promise<number> {
  const bench = new Bench(flow);
  bench.subscriber.request(endless);
  const taken = await bench.send(offered);
  if (bench.end !== "open") bench.expectCancellation();
  await bench.close();
  return taken;
}

/** How downstream ends when upstream fails with "broken on purpose" after two elements. */
export async function onFailure(flow: Numbers): Promise<string> {
  const bench = new Bench(flow);
  bench.subscriber.request(endless);
  await bench.send(2);
  await bench.endUpstream(new Error("broken on purpose"));
  const { end } = bench;
  await bench.close();
  return end;
}

/**
 * Cancels after up to `count` elements.
 *
 * @throws {AssertionError} where upstream does not hear of it in the same turn.
 */
export async function handsCancellationOn(flow: Numbers, count: number): Promise<void> {
  const bench = new Bench(flow);
  if (count > 0) bench.subscriber.request(count);
  await bench.send(count);
  bench.cancel();
  bench.expectCancellation();
  await bench.close();
}

/** Three elements at most of a source that is asked for three, then all it gives in 10 s, and how it ends. */
export async function gives(
  source: Source<unknown, unknown>,
): Promise<readonly [three: unknown[], count: number, end: string]> {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const subscriber = new ScriptedSubscriber("later");
  source.runWith(Sink.asPublisher<unknown>(), system, { onFailure: () => {} }).subscribe(subscriber);
  const pass = async () => {
    for (let seconds = 0; seconds < 10; seconds += 1) {
      await clock.settle();
      clock.advance(1_000);
    }
    await clock.settle();
  };
  await clock.settle();
  subscriber.request(3);
  await pass();
  const three = [...subscriber.received];
  subscriber.request(endless);
  await pass();
  const { end } = subscriber;
  subscriber.cancel();
  await clock.settle();
  assertAllStopped(system);
  return [three, subscriber.received.length, end instanceof Error ? end.message : end];
}

/** What the promise of a sink tells once it was sent 1 to `count` and the end. */
export async function materializes(sink: Sink<number, unknown>, count: number, error?: Error): Promise<unknown> {
  const { clock, system, upstream, materialized, send } = await into(sink);
  let told: unknown = materialized instanceof Promise ? "open" : "no promise";
  Promise.resolve(materialized).then(
    (value: unknown) => {
      if (materialized instanceof Promise) told = value ?? "nothing";
    },
    (failure: Error) => {
      told = failure.message;
    },
  );
  await send(count);
  if (error === undefined) upstream.sendComplete();
  else upstream.sendError(error);
  await clock.settle();
  clock.advance(1_000);
  await clock.settle();
  assertAllStopped(system);
  return told;
}

/** How many of `offered` elements a sink takes, where nobody reads what it materialises. */
export async function takes(sink: Sink<number, unknown>): Promise<number> {
  const { clock, system, running, send } = await into(sink);
  const taken = await send(offered);
  running.stop();
  await clock.settle();
  assertAllStopped(system);
  return taken;
}

async function into(sink: Sink<number, unknown>) {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const running = TestSource.probe<number>().toMat(sink, Keep.both).runWatched(system);
  const [upstream, materialized] = running.materialized;
  await clock.settle();
  const send = async (most: number) => {
    let sent = 0;
    for (; sent < most && upstream.pending === 1; sent += 1) {
      upstream.sendNext(sent + 1);
      await clock.settle();
    }
    return sent;
  };
  return { clock, system, running, upstream, materialized, send };
}
