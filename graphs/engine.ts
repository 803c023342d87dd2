import { availableParallelism } from "node:os";
import { Subject } from "rxjs";
import { type BucketRules, bucketRules } from "../blocks/model/bucket-rules.ts";
import type { Buffer, BufferDepth } from "../blocks/model/buffer.ts";
import type { ComponentContext, SinkElement, SourceContext } from "../blocks/model/component.ts";
import type { HeavyRunner } from "../blocks/model/heavy-task.ts";
import { SeriesTable } from "../blocks/model/series.ts";
import type { Store } from "../blocks/model/store.ts";
import type { GraphFile } from "../config/graph-file.ts";
import { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { Clock, Timer } from "../runtime/clock/clock.ts";
import { EngineError } from "../runtime/errors.ts";
import { type Log, silentLog } from "../runtime/log.ts";
import type { Sink } from "../runtime/streams/sink.ts";
import { atNode } from "./at-node.ts";
import { type BookPage, pagesOf, sourcePage } from "./books.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Plan, PlannedNode, Segment } from "./plan.ts";
import { HeavyPool } from "./heavy-pool.ts";
import { SegmentRun } from "./segment-run.ts";

/** Rows of one partition of a buffer that may be read and not yet settled. */
const inFlightMax = 1_000_000;

/** How often a reader that wants to see the newest asks for it, and looks. */
const freshCheckMs = 5;

export interface EngineOptions {
  readonly catalogue: Catalogue;
  readonly clock: Clock;
  readonly log?: Log;
  /** Arguments of Node for worker threads; those of the process unless told. */
  readonly workers?: { readonly execArgv: readonly string[] };
  /** Opens the place for dead letters that nothing in the file listens to. */
  readonly deadLetters: (graph: GraphFile, context: ComponentContext) => Promise<Sink<SinkElement, unknown>>;
}

export interface EngineStatus {
  readonly series: number;
  readonly buffers: readonly (BufferDepth & { readonly name: string; readonly full: boolean })[];
  readonly segments: readonly { readonly name: string; readonly partition: number; readonly restarts: number }[];
  /** Rows handed in by each source since the start. */
  readonly sources: readonly { readonly name: string; readonly entered: number }[];
}

/** A graph that runs: its stores and buffers are open, and every segment × partition has its actor. */
export class Engine {
  readonly plan: Plan;
  readonly table: SeriesTable;
  /** Runs heavy derivators in threads. */
  readonly heavy: HeavyRunner;
  readonly buckets: BucketRules;
  readonly #options: EngineOptions;
  readonly #log: Log;
  readonly #system: ActorSystem;
  readonly #stores = new Map<string, Store>();
  readonly #buffers = new Map<string, Buffer>();
  /** What sources keep while their segments start again, by node. */
  readonly #lasting = new Map<string, Promise<{ close(): Promise<void> }>>();
  readonly #runs: SegmentRun[] = [];
  readonly #flushes = new Subject<void>();
  /** In levels: each is fed by those before it only, cycles apart. */
  readonly #upstreamFirst: readonly (readonly Segment[])[];
  #stopping: Promise<void> | undefined;
  #lastAlone: Promise<unknown> = Promise.resolve();
  #draining = false;
  #timeout: Timer | undefined;

  private constructor(plan: Plan, options: EngineOptions) {
    this.plan = plan;
    this.#options = options;
    this.#log = options.log ?? silentLog;
    this.#upstreamFirst = levelsOf(plan.segments);
    this.buckets = bucketRules(plan.graph.timezone, plan.graph.bucket_label);
    this.table = new SeriesTable(plan.graph.limits.series_max, options.catalogue.types);
    this.#system = new ActorSystem({ clock: options.clock, log: this.#log, name: plan.graph.name });
    const { threads = Math.max(1, availableParallelism() - 1), deadline } = plan.graph.workers;
    this.heavy = new HeavyPool(this.#system, options.clock, { threads, deadline, ...options.workers });
  }

  /** @throws {EngineError} of the first component that cannot be opened; what was opened is closed again. */
  static async start(plan: Plan, options: EngineOptions): Promise<Engine> {
    const engine = new Engine(plan, options);
    try {
      await engine.#open();
    } catch (error) {
      await engine.abort();
      throw error;
    }
    return engine;
  }

  get clock(): Clock {
    return this.#options.clock;
  }

  store(name: string): Store {
    return found(this.#stores.get(name), name);
  }

  /** Lets other processes know, through stores and buffers that have an owner, where this engine answers. */
  async announce(address: string): Promise<void> {
    for (const place of [...this.#stores.values(), ...this.#buffers.values()]) await place.setAddress?.(address);
  }

  status(): EngineStatus {
    return {
      series: this.table.size,
      buffers: [...this.#buffers].map(([name, buffer]) => ({ name, ...buffer.depth(), full: buffer.full })),
      segments: this.#runs.map(({ segment, partition, restarts }) => ({ name: segment.name, partition, restarts })),
      sources: this.#runs.flatMap((run) =>
        [...(run.controls?.sources ?? [])].map(([name, { entered }]) => ({ name, entered })),
      ),
    };
  }

  /** The books of every buffer, and of every source that hands in without one. */
  books(): BookPage[] {
    const pages = [...this.#buffers].flatMap(([name, buffer]) => pagesOf(name, buffer.books()));
    for (const run of this.#runs) {
      for (const [name, { entered, settled }] of run.controls?.sources ?? []) {
        pages.push(sourcePage(name, settled, entered));
      }
    }
    return pages;
  }

  /**
   * Brings to the stores what was handed in before the call, for a reader that wants to see it. Resolves when it is there, or
   * after `timeoutMs`: under a backlog a reader sees what is stored.
   */
  async fresh(timeoutMs: number): Promise<void> {
    const until = this.#options.clock.monotonic() + timeoutMs;
    const sources = this.#runs.flatMap((run) => [...(run.controls?.sources.values() ?? [])]);
    const entered = sources.map((control) => control.entered);
    await this.#flushing(() => sources.every(({ settled }, place) => settled.entered >= (entered[place] ?? 0)), until);
    // What one buffer has let go may rest in the next by then.
    for (const segments of this.#upstreamFirst) {
      let left = 0;
      for (const run of this.#runs) {
        if (!segments.includes(run.segment)) continue;
        for (const { control } of run.controls?.readers ?? []) {
          left += 1;
          control.whenCaughtUp(() => {
            left -= 1;
          });
        }
      }
      await this.#flushing(() => left === 0, until);
    }
  }

  /**
   * Runs `action` as the one writer of a store: what the segments that write it have read is brought to rest before, and they go on
   * from there afterwards. What rests in their buffers meanwhile is written then.
   */
  alone<T>(storeName: string, action: (store: Store) => Promise<T>): Promise<T> {
    const isWriter = ({ nodes }: Segment) =>
      nodes.some(({ settings }) => (settings as { store?: string }).store === storeName);
    return this.#whileResting(isWriter, () => action(this.store(storeName)));
  }

  /**
   * Runs `action` on a buffer while these segments rest: what they have read of it is settled and committed before, and they go on
   * from the places that they have afterwards.
   */
  aside<T>(bufferName: string, segments: readonly string[], action: (buffer: Buffer) => Promise<T>): Promise<T> {
    const buffer = found(this.#buffers.get(bufferName), bufferName);
    return this.#whileResting(
      ({ name }) => segments.includes(name),
      () => action(buffer),
    );
  }

  /** One after the other. */
  #whileResting<T>(rests: (segment: Segment) => boolean, action: () => Promise<T>): Promise<T> {
    const next = this.#lastAlone.then(async () => {
      const resting = this.#runs.filter(({ segment }) => rests(segment));
      const resumes = await Promise.all(resting.map((run) => run.pause()));
      try {
        return await action();
      } finally {
        for (const resume of resumes) resume();
      }
    });
    this.#lastAlone = next.catch(() => {});
    return next;
  }

  async #flushing(isDone: () => boolean, until: number): Promise<void> {
    const { clock } = this.#options;
    while (!isDone() && clock.monotonic() < until) {
      this.#flushes.next();
      await new Promise<void>((resolve) => clock.after(freshCheckMs, resolve));
    }
  }

  /** Resolves once the sources that end by themselves have, and everything is settled and flushed; then the engine has stopped. */
  async untilIdle(): Promise<void> {
    const finite = this.#runs.filter((run) => run.finite);
    await Promise.all(finite.map((run) => run.idle));
    await this.stop({ drain: true });
  }

  /**
   * Stops in order: sources first, then what their segments still hold, then the readers of buffers. Buffers that do not
   * survive the process are emptied first. After `stop_timeout` whatever still runs is ended: what durable buffers hold is read
   * again at the next start, what buffers in memory hold is lost, and the log says how much.
   *
   * @param options With `drain` every buffer is emptied, however long it takes; a later call without it ends that.
   */
  stop({ drain = false }: { readonly drain?: boolean } = {}): Promise<void> {
    if (this.#stopping === undefined) {
      this.#draining = drain;
      this.#stopping = this.#stopInOrder().finally(() => this.#timeout?.cancel());
    } else if (this.#draining && !drain) {
      this.#draining = false;
      for (const run of this.#runs) if (!this.#readsVolatile(run)) run.hurry();
    } else return this.#stopping;
    if (!drain) this.#timeout = this.#options.clock.after(this.plan.graph.stop_timeout, () => this.#giveUp());
    return this.#stopping;
  }

  /** Ends everything at once, as a second signal does. */
  async abort(): Promise<void> {
    for (const run of this.#runs) run.abort();
    await this.#close();
  }

  async #open(): Promise<void> {
    for (const [name, { definition, settings }] of this.plan.stores) {
      const store = await opening(name, definition.open(settings as never, this.#context(name)));
      this.#stores.set(name, store);
    }
    for (const node of this.plan.buffers) await this.#openBuffer(node);
    // What is handed on should find everything behind it open, and every reader of a buffer known before the first commits.
    for (const segment of this.#upstreamFirst.flat().reverse()) {
      for (let partition = 0; partition < this.#partitions(segment); partition += 1) {
        this.#runs.push(await this.#startSegment(segment, partition));
      }
    }
  }

  async #openBuffer(node: PlannedNode): Promise<void> {
    const { definition, name, settings } = node;
    if (definition.kind !== "buffer") return;
    const buffer = await opening(name, definition.open(settings as never, this.#context(name)));
    this.#buffers.set(name, buffer);
    // The places of segments that are gone would hold records back for ever.
    await buffer.retain(this.plan.segments.filter(({ reads }) => reads.includes(node)).map((segment) => segment.name));
  }

  /** @throws {EngineError} `WIRING_INVALID`: with other numbers, one series would have several writers. */
  #partitions({ name, reads }: Segment): number {
    const counts = reads.map((node) => found(this.#buffers.get(node.name), node.name).partitions);
    const [count = 1] = counts;
    if (counts.every((other) => other === count)) return count;
    const has = reads.map((node, index) => `"${node.name}" has ${counts[index]}`).join(", ");
    throw new EngineError(
      "WIRING_INVALID",
      `Cannot read several buffers together as they must have the same number of partitions: ${has}`,
      { where: { node: name } },
    );
  }

  #startSegment(segment: Segment, partition: number): Promise<SegmentRun> {
    const { catalogue, clock, deadLetters } = this.#options;
    return SegmentRun.start(segment, partition, {
      system: this.#system,
      clock,
      log: this.#log,
      parts: {
        catalogue,
        context: (node) => this.#context(node),
        buckets: this.buckets,
        sourceContext: (node) => this.#sourceContext(node),
        store: (name) => this.store(name),
        buffer: (node) => found(this.#buffers.get(node.name), node.name),
        deadLetters: (node) => deadLetters(this.plan.graph, this.#context(node)),
        flushes: this.#flushes,
        heavy: this.heavy,
        inFlightMax,
      },
    });
  }

  #context(node: string): ComponentContext {
    const { clock } = this.#options;
    return { graph: this.plan.graph.name, node, clock, log: this.#log.child({ node }), table: this.table };
  }

  #sourceContext(node: string): SourceContext {
    const lasting = <T extends { close(): Promise<void> }>(make: () => Promise<T>): Promise<T> => {
      const kept = this.#lasting.get(node) as Promise<T> | undefined;
      if (kept !== undefined) return kept;
      const made = make();
      this.#lasting.set(node, made);
      // What could not be made is made anew at the next start of the segment.
      made.catch(() => this.#lasting.delete(node));
      return made;
    };
    return { ...this.#context(node), lasting };
  }

  async #stopInOrder(): Promise<void> {
    const left = new Set(this.#runs);
    for (const run of left) run.stopSources();
    while (left.size > 0) {
      // A segment may end once everything that fills its buffers has ended; on a cycle, all of it at once.
      const free = [...left].filter((run) => !this.#isFed(run, left));
      const ending = free.length > 0 ? free : [...left];
      for (const run of ending) run.end(this.#draining || this.#readsVolatile(run) ? "drain" : "stop");
      await Promise.all(ending.map((run) => run.done));
      for (const run of ending) left.delete(run);
    }
    this.#draining = false;
    this.#timeout?.cancel();
    await this.#close();
  }

  #giveUp(): void {
    const fields = { stop_timeout_ms: this.plan.graph.stop_timeout };
    this.#log.warn("Stopping took too long: what durable buffers hold is read again at the next start", fields);
    let lost = 0;
    for (const buffer of this.#buffers.values()) if (!buffer.durable) lost += buffer.depth().rows;
    if (lost > 0) this.#log.error("Data points in buffers in memory are lost", { ...fields, rows: lost });
    for (const run of this.#runs) run.abort();
  }

  /** Whether another segment that has not ended fills a buffer that this one reads. */
  #isFed(run: SegmentRun, left: ReadonlySet<SegmentRun>): boolean {
    return [...left].some(({ segment }) => segment !== run.segment && feeds(segment, run.segment));
  }

  #readsVolatile(run: SegmentRun): boolean {
    return run.segment.reads.some((node) => this.#buffers.get(node.name)?.durable === false);
  }

  async #close(): Promise<void> {
    await this.#system.terminate();
    for (const kept of this.#lasting.values()) await kept.then((one) => one.close()).catch(() => {});
    this.#lasting.clear();
    for (const buffer of this.#buffers.values()) await buffer.close();
    for (const store of this.#stores.values()) await store.close();
    this.#buffers.clear();
    this.#stores.clear();
  }
}

function levelsOf(segments: readonly Segment[]): Segment[][] {
  const levels: Segment[][] = [];
  let left = segments;
  while (left.length > 0) {
    const fed = left.filter((one) => left.some((other) => other !== one && feeds(other, one)));
    const free = left.filter((one) => !fed.includes(one));
    levels.push(free.length > 0 ? free : [...left]);
    left = free.length > 0 ? fed : [];
  }
  return levels;
}

function feeds({ fills }: Segment, { reads }: Segment): boolean {
  return fills.some((buffer) => reads.includes(buffer));
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new RangeError(`the plan has no "${name}"`);
  return value;
}

async function opening<T>(node: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    throw atNode(error, node);
  }
}
