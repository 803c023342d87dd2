import type { Clock } from "../runtime/clock/clock.ts";
import { sentenceOf } from "../runtime/errors.ts";
import type { Log } from "../runtime/log.ts";
import type { ActorSystem } from "../runtime/actors/actor-system.ts";
import type { RunningGraph } from "../runtime/streams/runnable-graph.ts";
import type { Segment } from "./plan.ts";
import { type SegmentControls, type SegmentParts, segmentBlueprint } from "./segment-blueprint.ts";

/** Waits before a failed segment starts again: doubled at each failure, up to the maximum, plus up to a fifth by chance. */
const backoffMs = { min: 200, max: 30_000, factor: 0.2 };
/** A run of this length forgets the failures before it. */
const soundRunMs = 60_000;

export interface SegmentRunOptions {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly parts: SegmentParts;
}

/**
 * One partition of a segment, kept running: after a failure it starts again from the last committed position of its buffers,
 * with exponential backoff, until it completes or is told to end.
 */
export class SegmentRun {
  readonly segment: Segment;
  readonly partition: number;
  /** Resolves when it completed or was aborted; never rejects. */
  readonly done: Promise<void>;
  readonly #options: SegmentRunOptions;
  #controls: SegmentControls | undefined;
  #running: RunningGraph<unknown> | undefined;
  #ending: "no" | "stop" | "drain" | "abort" = "no";
  #wakeUp: (() => void) | undefined;
  #restarts = 0;
  #sourcesStopped = false;
  #pause: { readonly reached: () => void; readonly resumed: Promise<void> } | undefined;
  #becomeIdle: () => void = () => {};
  readonly #idle = new Promise<void>((resolve) => {
    this.#becomeIdle = resolve;
  });

  private constructor(segment: Segment, partition: number, options: SegmentRunOptions, first: Started) {
    this.segment = segment;
    this.partition = partition;
    this.#options = options;
    this.done = this.#keepRunning(first);
  }

  /** @throws {EngineError} of a component that cannot be opened: at the start that is the user's to mend. */
  static async start(segment: Segment, partition: number, options: SegmentRunOptions): Promise<SegmentRun> {
    return new SegmentRun(segment, partition, options, await begin(segment, partition, options));
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Handles of the run at hand. */
  get controls(): SegmentControls | undefined {
    return this.#controls;
  }

  /** Whether it has a source that ends by itself. */
  get finite(): boolean {
    return this.partition === 0 && this.#finiteSources.length > 0;
  }

  get #finiteSources(): readonly string[] {
    return this.segment.nodes.flatMap(({ definition, settings, name }) =>
      definition.kind === "source" && definition.finite(settings as never) ? [name] : [],
    );
  }

  /** Resolves when it is done, or when its finite sources have ended in one run and all they handed in is settled. */
  get idle(): Promise<void> {
    return Promise.race([this.done, this.#idle]);
  }

  /** Sources hand in nothing more. */
  stopSources(): void {
    this.#sourcesStopped = true;
    for (const control of this.#controls?.sources.values() ?? []) control.stop();
  }

  /** Readers end: with what was read (`stop`), or with all there is (`drain`). */
  end(how: "stop" | "drain"): void {
    if (this.#ending === "abort" || this.#ending === "stop") return;
    this.#ending = how;
    this.stopSources();
    for (const { control } of this.#controls?.readers ?? []) control[how]();
    this.#wakeUp?.();
  }

  /**
   * Brings to rest what it has read, commits that, and does nothing more until the returned function is called; then it starts
   * again from there.
   */
  async pause(): Promise<() => void> {
    let resume: () => void = () => {};
    const resumed = new Promise<void>((resolve) => {
      resume = resolve;
    });
    const paused = new Promise<void>((resolve) => {
      this.#pause = { reached: resolve, resumed };
    });
    this.#stopForPause();
    await Promise.race([paused, this.done]);
    return () => {
      this.#pause = undefined;
      resume();
    };
  }

  #stopForPause(): void {
    for (const control of this.#controls?.sources.values() ?? []) control.stop();
    for (const { control } of this.#controls?.readers ?? []) control.stop();
  }

  /** Gives up emptying buffers. */
  hurry(): void {
    if (this.#ending === "drain") this.end("stop");
  }

  /** Ends at once; what is not committed is read again by the next start. */
  abort(): void {
    this.#ending = "abort";
    this.#running?.stop();
    this.#wakeUp?.();
  }

  async #keepRunning(first: Started): Promise<void> {
    const { clock, log } = this.#options;
    let failures = 0;
    let started: Started | undefined = first;
    for (;;) {
      const startedAt = clock.monotonic();
      try {
        started ??= await begin(this.segment, this.partition, this.#options);
        this.#adopt(started);
        await started.running.done;
        const pause = this.#pause;
        if (pause === undefined || this.#isOver()) return;
        pause.reached();
        await pause.resumed;
        if (this.#isOver()) return;
        started = undefined;
      } catch (error) {
        if (this.#ending === "abort" || this.#ending === "stop") return;
        if (clock.monotonic() - startedAt > soundRunMs) failures = 0;
        failures += 1;
        const waitMs = this.#backoff(failures);
        const fields = { segment: this.segment.name, partition: this.partition, restart_in_ms: Math.round(waitMs) };
        log.error(`Segment failed, and starts again from its last commit: ${sentenceOf(error)}`, fields);
        await this.#sleep(waitMs);
        if (this.#ending !== "no" && this.#ending !== "drain") return;
        this.#restarts += 1;
        started = undefined;
      }
    }
  }

  #adopt({ running, controls }: Started): void {
    this.#running = running;
    this.#controls = controls;
    this.#watchSources(controls);
    // What was asked while it was down.
    if (this.#pause !== undefined) this.#stopForPause();
    if (this.#ending === "abort") running.stop();
    if (this.#sourcesStopped) for (const control of controls.sources.values()) control.stop();
    if (this.#ending === "stop" || this.#ending === "drain") {
      for (const { control } of controls.readers) control[this.#ending]();
    }
  }

  #watchSources(controls: SegmentControls): void {
    const finite = this.#finiteSources;
    let left = finite.length;
    for (const name of finite) {
      controls.sources.get(name)?.whenIdle(() => {
        left -= 1;
        // A source that a pause ended begins again.
        if (left === 0 && this.#pause === undefined) this.#becomeIdle();
      });
    }
  }

  #isOver(): boolean {
    return this.#ending === "abort" || this.#ending === "stop";
  }

  #backoff(failures: number): number {
    const { min, max, factor } = backoffMs;
    const wait = Math.min(max, min * 2 ** Math.min(failures - 1, 20));
    return wait * (1 + factor * this.#options.clock.random());
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(ms, resolve);
      this.#wakeUp = () => {
        if (this.#ending === "drain") return;
        timer.cancel();
        resolve();
      };
    });
  }
}

interface Started {
  readonly running: RunningGraph<unknown>;
  readonly controls: SegmentControls;
}

async function begin(segment: Segment, partition: number, options: SegmentRunOptions): Promise<Started> {
  const { graph, controls } = await segmentBlueprint(segment, partition, options.parts, options.system);
  const running = graph.runWatched(options.system, {
    name: `${segment.name}-${partition}`,
    // Other branches could go on without the one that failed, but what it held would never settle.
    onFailure: (error) => running.stop(error),
  });
  return { running, controls };
}
