import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import { Flow } from "../../runtime/streams/flow.ts";
import { BroadcastHub } from "../../runtime/streams/hubs/broadcast-hub.ts";
import { MergeHub } from "../../runtime/streams/hubs/merge-hub.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { KillSwitches } from "../../runtime/streams/kill-switches.ts";
import type { SourceQueue } from "../../runtime/streams/operators/source-queue.ts";
import { RestartFlow } from "../../runtime/streams/restart/restart-flow.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { CountingClock } from "./counting-clock.ts";

/** One element on its way: the `number`-th of its producer. */
interface Element {
  readonly producer: number;
  readonly number: number;
}

/** What became of the elements of one round. */
export interface RoundBooks {
  readonly offered: number;
  /** Came out at the consumers that stayed, counted once. */
  readonly out: number;
  /** Left out by a decider. */
  readonly dropped: number;
  /** Those whose function failed the flow around it. */
  readonly failed: number;
  /** What a failed flow or a switched-off stream had inside. */
  readonly lost: number;
  readonly restarts: number;
  readonly killed: boolean;
  /** What does not add up, as sentences; empty where the books balance and nothing is left. */
  readonly faults: readonly string[];
}

const chance = "Chance has it so";
const keys = 8;
const queueMax = 16;
const hubMax = 16;
const parallelism = 4;
/** Between two counters, in each port an element may wait: no chain here has more stages. */
const portsMax = 16;

/**
 * Producers of a random number, with queues of their own, come together in a hub, go through a flow that fails and restarts at
 * random, are split by key and joined again, and leave by a hub to consumers, of which some go early. In one round of four a
 * switch ends it all half-way, in order or with an error. What happens follows from the seed; when it does, also from the machine.
 */
export async function streamRound(seed: number): Promise<RoundBooks> {
  const round = new Round(seed);
  return round.run();
}

class Round {
  readonly #clock: CountingClock;
  readonly #system: ActorSystem;
  readonly #faults: string[] = [];
  readonly #producers: number;
  readonly #perProducer: number;
  readonly #failsOneOf: number;
  readonly #killAfter: number;
  readonly #resumes: boolean;
  #enqueued = 0;
  #entered = 0;
  #through = 0;
  #joined = 0;
  #dropped = 0;
  #failed = 0;
  #begun = 0;
  #kill: () => void = () => {};
  #killed = false;
  #draining = false;
  /** A flow failed when its upstream was over, and so was not begun again: the failure is that of the stream. */
  #failedLast = false;

  constructor(seed: number) {
    this.#clock = new CountingClock(seed);
    const { between } = { between: (from: number, to: number) => this.#clock.between(from, to) };
    this.#system = new ActorSystem({ clock: this.#clock, log: silentLog });
    this.#producers = between(1, 4);
    this.#perProducer = between(1, 400);
    this.#failsOneOf = between(20, 400);
    this.#resumes = between(0, 1) === 1;
    const total = this.#producers * this.#perProducer;
    this.#killAfter = between(0, 3) === 0 ? between(0, total) : Number.POSITIVE_INFINITY;
  }

  async run(): Promise<RoundBooks> {
    const stayers = this.#clock.between(1, 3);
    const leavers = Array.from({ length: this.#clock.between(0, 2) }, () => this.#clock.between(1, 200));
    const [[[producerSink, control], kill], output] = this.#start(stayers + leavers.length);
    this.#kill = () => {
      this.#killed = true;
      if (this.#clock.between(0, 1) === 0) kill.shutdown();
      else kill.abort(new Error("The switch was thrown"));
    };
    const consumers = Array.from({ length: stayers }, () => this.#consume(output, undefined));
    const early = leavers.map((count) => this.#consume(output, count));
    const queues = Array.from({ length: this.#producers }, () =>
      Source.queue<Element>(queueMax).to(producerSink).run(this.#system),
    );
    await Promise.all(queues.map((queue, producer) => this.#produce(queue, producer)));
    // The hub takes no further producer then, and one is there once something was taken from its queue.
    await this.#waitUntil(() => queues.every(({ size }) => size === 0));
    this.#draining = true;
    control.drainAndComplete();
    const counts = await Promise.all(consumers);
    const earlyCounts = await Promise.all(early);
    await this.#findLeft();
    this.#check(counts, earlyCounts, leavers);
    const offered = this.#producers * this.#perProducer;
    const [out = 0] = counts;
    const { flow, inside } = this.#lost;
    return {
      offered: this.#killed ? this.#enqueued : offered,
      out,
      dropped: this.#dropped,
      failed: this.#failed,
      lost: flow + inside + (this.#joined - out),
      restarts: this.#begun - 1,
      killed: this.#killed,
      faults: this.#faults,
    };
  }

  #start(consumers: number) {
    const settings = { backoffMinMs: 1, backoffMaxMs: 4 };
    const counted = MergeHub.sourceWithDraining<Element>(hubMax)
      .viaMat(KillSwitches.single<Element>(), Keep.both)
      .map((element) => {
        this.#entered += 1;
        if (this.#entered === this.#killAfter) this.#kill();
        return element;
      })
      .via(RestartFlow.onFailuresWithBackoff(settings, () => this.#unsound()));
    const grouped = counted
      .map((element) => {
        this.#through += 1;
        return element;
      })
      .groupBy(keys, ({ number }) => number % keys)
      .map((element) => element)
      .mergeSubstreams()
      .map((element) => {
        this.#joined += 1;
        return element;
      });
    const graph = grouped.toMat(BroadcastHub.sink<Element>(64, consumers), Keep.both);
    return graph.runWatched(this.#system).materialized;
  }

  /** Fails at random: in a function, or by a promise. */
  #unsound() {
    this.#begun += 1;
    const step = Flow.of<Element>()
      .map((element) => this.#fails(element))
      .mapAsync(parallelism, (element) => {
        const delayMs = this.#clock.random() < 0.05 ? this.#clock.between(0, 3) : undefined;
        if (delayMs === undefined) return this.#fails(element);
        return new Promise<void>((resolve) => this.#clock.after(delayMs, resolve)).then(() => this.#fails(element));
      });
    if (!this.#resumes) return step;
    return step.withSupervision(() => {
      // Three of four, so that flows fail here too.
      if (this.#clock.between(0, 3) === 0) return "stop";
      this.#failed -= 1;
      this.#dropped += 1;
      return "resume";
    });
  }

  #fails(element: Element): Element {
    if (this.#clock.between(1, this.#failsOneOf) > 1) return element;
    this.#failed += 1;
    throw new Error(chance);
  }

  /** Offers its elements with pauses of random length; waits where there is no room. */
  async #produce(queue: SourceQueue<Element>, producer: number): Promise<void> {
    for (let number = 0; number < this.#perProducer; number += 1) {
      if (this.#clock.between(0, 40) === 0) {
        await new Promise<void>((resolve) => this.#clock.after(this.#clock.between(0, 4), resolve));
      }
      let answer = queue.offer({ producer, number });
      while (answer === "full") {
        await new Promise<void>((resolve) => queue.onRoom(resolve));
        answer = queue.offer({ producer, number });
      }
      if (answer === "closed") break;
      this.#enqueued += 1;
    }
    queue.complete();
  }

  /** @returns how many it has seen. */
  async #consume(output: Source<Element>, leavesAfter: number | undefined): Promise<number> {
    const last = new Map<number, number>();
    let count = 0;
    const seen = leavesAfter === undefined ? output : output.take(leavesAfter);
    const each = Sink.foreach<Element>(({ producer, number }) => {
      const key = producer * keys + (number % keys);
      if (number <= (last.get(key) ?? -1))
        this.#faults.push(`Element ${number} of ${producer} came out of order or again`);
      last.set(key, number);
      count += 1;
    });
    try {
      await seen.runWith(each, this.#system);
    } catch (error) {
      if (this.#draining && String(error).includes(chance)) this.#failedLast = true;
      else if (!this.#killed) this.#faults.push(`A consumer failed: ${String(error)}`);
    }
    return count;
  }

  /** Inside the restarting flow, and between it and the hub of the consumers. */
  get #lost() {
    return {
      flow: this.#entered - this.#through - this.#dropped - this.#failed,
      inside: this.#enqueued - this.#entered + (this.#through - this.#joined),
    };
  }

  #check(counts: readonly number[], earlyCounts: readonly number[], leavers: readonly number[]): void {
    const { flow } = this.#lost;
    const ends = this.#begun - 1 + Number(this.#killed) + Number(this.#failedLast);
    this.#expect(
      flow >= 0 && flow <= ends * (parallelism + portsMax),
      `${flow} elements lost by ${ends} ends of a flow`,
    );
    const upTo = (actual: number, whole: number, room: number) =>
      this.#killed || this.#failedLast ? actual <= whole && whole - actual <= room : actual === whole;
    const before = this.#producers * (queueMax + hubMax + portsMax);
    this.#expect(upTo(this.#entered, this.#enqueued, before), `${this.#entered} of ${this.#enqueued} left the queues`);
    const split = keys * portsMax;
    this.#expect(upTo(this.#joined, this.#through, split), `${this.#joined} of ${this.#through} were joined again`);
    for (const count of counts) {
      this.#expect(upTo(count, this.#joined, 64 + portsMax), `a consumer saw ${count} of ${this.#joined}`);
    }
    earlyCounts.forEach((count, index) => {
      const wanted = Math.min(leavers[index] ?? 0, this.#joined);
      this.#expect(upTo(count, wanted, 64 + portsMax), `a consumer that left saw ${count} of ${wanted}`);
    });
    if (!this.#killed) {
      const offered = this.#producers * this.#perProducer;
      this.#expect(this.#enqueued === offered, `${this.#enqueued} of ${offered} were taken`);
    }
  }

  async #findLeft(): Promise<void> {
    // Functions under way outside the streams, 3 ms at most, and the last turns of actors.
    await this.#waitUntil(() => this.#system.running.length === 0 && this.#clock.pendingTimers === 0);
    this.#expect(this.#system.running.length === 0, `actors are left: ${this.#system.running.join(", ")}`);
    this.#expect(this.#clock.pendingTimers === 0, `${this.#clock.pendingTimers} timers are left`);
    this.#expect(this.#system.resources.size === 0, `${this.#system.resources.size} resources are left`);
    await this.#system.terminate();
  }

  /** Looks again and again, for a second at most. */
  async #waitUntil(holds: () => boolean): Promise<void> {
    for (let turn = 0; turn < 200 && !holds(); turn += 1) {
      await new Promise<void>((resolve) => void systemClock.after(5, resolve));
    }
  }

  #expect(holds: boolean, otherwise: string): void {
    if (!holds) this.#faults.push(otherwise);
  }
}
