import type { Observable, Subscription } from "rxjs";
import { EngineError } from "../../runtime/errors.ts";
import type { Receipt } from "../../runtime/receipt.ts";
import { GraphStageLogic, type Outlet } from "../../runtime/streams/graph-stage.ts";
import { type DeadLetter, DeadLetterChunk } from "../model/dead-letter.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { PlacedRows } from "../model/placed-rows.ts";
import type { SeriesTable } from "../model/series.ts";
import type { PartedRows } from "../model/sound-rows.ts";
import type { DerivatorFailures } from "./derivator-failures.ts";
import type { GatheredRows, RowBatch } from "./gathered-rows.ts";
import type { Recorder, Recording } from "./recorder.ts";
import type { RecordingShape } from "./recording-shape.ts";
import { BucketUpdates, TagUpdates } from "./updates.ts";

/** When rows that were taken in go to the store. */
export interface Grouper {
  /** Rows that start a recording at once. */
  readonly size: number;
  /** Longest wait of a row for its recording to start, ms. */
  readonly duration: number;
}

export interface RecordingParts {
  readonly table: SeriesTable;
  readonly recorder: Recorder;
  /** What derivators failed at while it recorded. */
  readonly failures: DerivatorFailures;
  readonly grouper: Grouper;
  readonly placed: PlacedRows;
  /** Someone wants to see what is gathered: record it now. */
  readonly flushes: Observable<void>;
}

/**
 * Takes chunks in, lets them gather, records them in one piece, and hands what follows from them to the outlets `updates` and
 * `tags`. What the message and the observation block share.
 *
 * Gathers at most twice `grouper.size` rows (and the chunks that crossed the line): one batch on its way to the store, and one
 * that waits or, where the store takes it, follows it. Beyond that it does not pull.
 */
export abstract class RecordingLogic extends GraphStageLogic {
  protected readonly ports: RecordingShape;
  readonly #table: SeriesTable;
  readonly #recorder: Recorder;
  readonly #failures: DerivatorFailures;
  readonly #grouper: Grouper;
  readonly #placed: PlacedRows;
  readonly #flushes: Observable<void>;
  #subscription: Subscription | undefined;
  readonly #gathered: GatheredRows;
  #rows = 0;
  /** When the first of them came, on the monotonic clock. */
  #since = 0;
  #due = false;
  /** What was promised has its turn before more rows are taken in. */
  #pauses = false;
  readonly #goOn = this.getAsyncCallback(() => {
    this.#pauses = false;
    this.#pullMore();
  });
  /** Recordings on their way to the store, and their rows, `grouper.size` of each at most. */
  #recordings = 0;
  #recordingRows = 0;
  /** The last of them is not folded yet. */
  #folding = false;
  /** Records the next part of it, where there are more. */
  #recordRest: (() => void) | undefined;
  #finishing = false;
  /** What follows from recordings, by outlet: of three at most, as none starts before all is gone. */
  readonly #waiting = new Map<Outlet<unknown>, unknown[]>();

  constructor(ports: RecordingShape, given: RecordingParts) {
    super(ports);
    this.ports = ports;
    this.#table = given.table;
    this.#gathered = given.recorder.newGathering();
    this.#recorder = given.recorder;
    this.#failures = given.failures;
    this.#grouper = given.grouper;
    this.#placed = given.placed;
    this.#flushes = given.flushes;
    this.setHandler(ports.in, {
      onPush: () => {
        this.take(this.grab(ports.in));
        this.#startIfDue();
        this.#pullMore();
      },
      onUpstreamFinish: () => {
        this.#finishing = true;
        this.#startIfDue();
        this.#stopIfDone();
      },
    });
    for (const outlet of [ports.updates, ports.tags]) {
      if (outlet === undefined) continue;
      this.setHandler(outlet, {
        onPull: () => this.#handOver(outlet),
        onDownstreamFinish: () => this.failStage(receiverGone(outlet.name)),
      });
    }
    const { observations, rejected } = ports;
    if (rejected !== undefined) {
      this.setHandler(rejected, {
        onPull: () => this.#pullMore(),
        onDownstreamFinish: () => this.failStage(receiverGone(rejected.name)),
      });
    }
    if (observations !== undefined) {
      this.setHandler(observations, {
        onPull: () => this.#pullMore(),
        // A subscriber that went away stops its own branch only.
        onDownstreamFinish: () => this.#pullMore(),
      });
    }
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.#subscription = this.#flushes.subscribe(this.getAsyncCallback(() => this.#startNow()));
    this.#pullMore();
  }

  override postStop(): void {
    this.#subscription?.unsubscribe();
  }

  /** One timer for many recordings: it costs more than to look how long the rows have waited. */
  override onTimer(): void {
    if (this.#rows === 0) return;
    const left = this.#since + this.#grouper.duration - this.clock.monotonic();
    if (left > 0) this.scheduleOnce("grouper", left);
    else this.#startNow();
  }

  /** One chunk came in; the outlets `observations` and `rejected`, where they are there, are available. */
  protected abstract take(chunk: ObservationChunk): void;

  /** The rows that the store has room for, and letters for the others. */
  protected placed(chunk: ObservationChunk): PartedRows {
    return this.#placed.part(chunk, this.clock);
  }

  /** Puts rows, and the hold on their receipt, with those that wait for the next recording. */
  protected gather(chunk: ObservationChunk): void {
    this.#gathered.add(chunk);
    this.#gatheredMore(chunk.length);
  }

  /** The same at once where it is easily seen that all can be recorded. @returns whether it did. */
  protected gatherSound(chunk: ObservationChunk): boolean {
    if (!this.#placed.hasAll(chunk) || !this.#gathered.addSound(chunk)) return false;
    this.#gatheredMore(chunk.length);
    return true;
  }

  #gatheredMore(rows: number): void {
    if (this.#rows === 0) {
      this.#since = this.clock.monotonic();
      if (!this.isTimerActive("grouper")) this.scheduleOnce("grouper", this.#grouper.duration);
    }
    this.#rows += rows;
  }

  /** Hands a chunk, with its hold, to the subscribers of observations. @returns false where there are none any more. */
  protected publish(chunk: ObservationChunk): boolean {
    const { observations } = this.ports;
    if (observations === undefined || this.isClosed(observations)) return false;
    this.push(observations, chunk);
    return true;
  }

  /** Hands on what could not be recorded, or computed of it; the letters get a hold of their own. */
  protected reject(letters: readonly DeadLetter[], receipt: Receipt): void {
    for (const { code } of letters) receipt.deadLettered(code, 1);
    const { rejected } = this.ports;
    if (letters.length === 0 || rejected === undefined) return;
    receipt.hold();
    // Those of a recording come when they come, whether or not the outlet is free.
    this.emit(rejected, new DeadLetterChunk(letters, receipt));
  }

  #pullMore(): void {
    const { in: inlet, observations, rejected } = this.ports;
    if (this.#pauses || this.isClosed(inlet) || this.hasBeenPulled(inlet)) return;
    if (this.#rows + this.#recordingRows >= 2 * this.#grouper.size) return;
    if (rejected !== undefined && !this.isAvailable(rejected)) return;
    if (observations === undefined || this.isClosed(observations) || this.isAvailable(observations)) this.pull(inlet);
  }

  #startNow(): void {
    this.#due = this.#rows > 0;
    this.#startIfDue();
  }

  #startIfDue(): void {
    if (this.#folding || this.#waiting.size > 0) return;
    if (this.#recordRest !== undefined) {
      this.#recordRest();
      return;
    }
    if (this.#rows === 0 || this.#recordings >= this.#recorder.recordingsMax) return;
    if (!this.#due && !this.#finishing && this.#rows < this.#grouper.size) return;
    const batch = this.#gathered.take();
    // What a chunk had beyond the line must not keep as many rows out of the next batch, which would not reach it.
    const counted = Math.min(this.#rows, this.#grouper.size);
    this.#recordings += 1;
    this.#recordingRows += counted;
    this.#rows = 0;
    this.#due = false;
    this.#follow(this.#recorder.record(batch), batch, counted);
    this.#pause();
  }

  /** Where the store is done at once, the next rows find the memory free that these were in, and the cache of the processor full of it. */
  #pause(): void {
    this.#pauses = true;
    Promise.resolve(undefined).then(this.#goOn, this.#goOn);
  }

  /** @param part Of the batch: the first, or the next. */
  #follow(part: Promise<Recording>, batch: RowBatch, counted: number): void {
    this.#folding = true;
    this.#recordRest = undefined;
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    const written = this.getAsyncCallback(() => this.#written(batch, counted));
    const folded = this.getAsyncCallback((recording: Recording) => {
      this.#folded(recording, batch, counted);
      this.#startIfDue();
    });
    const recorded = this.getAsyncCallback((done: () => void) => done());
    part
      .then(async (recording) => {
        // Before others that share the recorder go on.
        const touched = this.ports.tags === undefined ? [] : recording.touched;
        if (recording.settled !== undefined) {
          folded(recording);
          await recording.settled;
        }
        recorded(() => {
          if (recording.settled === undefined) this.#folded(recording, batch, counted);
          this.#recorded(recording, touched, batch);
        });
        // Waited for here, not in a turn of the stage: the write may fail before that, or after the stage has stopped.
        await recording.written;
        if (recording.rest === undefined) written(undefined);
      })
      .catch(failed);
  }

  /** The next may be folded while states of this one are computed in other threads. */
  #folded({ rest }: Recording, batch: RowBatch, counted: number): void {
    this.#folding = false;
    if (rest !== undefined) this.#recordRest = () => this.#follow(rest(), batch, counted);
  }

  #recorded(recording: Recording, touched: Recording["touched"], { receipts }: RowBatch): void {
    const { updates, tags } = this.ports;
    const { states, newestBefore, revisionOf } = recording;
    const letters = this.#failures.take(this.clock.now());
    const [first] = receipts;
    if (letters.length > 0 && first !== undefined) {
      first.added(letters.length);
      this.reject(letters, first);
    }
    if (updates !== undefined && states.length > 0) {
      for (const receipt of receipts) receipt.hold();
      const of = { table: this.#table, states, newestBefore, revisionOf, receipts };
      this.#offer(updates, new BucketUpdates(of));
    }
    if (tags !== undefined) {
      for (const receipt of receipts) receipt.hold();
      this.#offer(tags, new TagUpdates(this.#table, touched, receipts));
    }
    this.#startIfDue();
  }

  #written({ receipts, rows }: RowBatch, counted: number): void {
    this.#recordings -= 1;
    this.#recordingRows -= counted;
    receipts.forEach((receipt, place) => {
      receipt.durable(rows[place] as number);
      receipt.release();
    });
    this.#startIfDue();
    this.#pullMore();
    this.#stopIfDone();
  }

  #offer(outlet: Outlet<unknown>, element: unknown): void {
    this.#waiting.set(outlet, [...(this.#waiting.get(outlet) ?? []), element]);
    this.#handOver(outlet);
  }

  #handOver(outlet: Outlet<unknown>): void {
    const [element, ...others] = this.#waiting.get(outlet) ?? [];
    if (element === undefined || !this.isAvailable(outlet)) return;
    if (others.length > 0) this.#waiting.set(outlet, others);
    else this.#waiting.delete(outlet);
    this.push(outlet, element);
    this.#startIfDue();
    this.#stopIfDone();
  }

  #stopIfDone(): void {
    if (this.#finishing && this.#recordings === 0 && this.#rows === 0 && this.#waiting.size === 0) this.completeStage();
  }
}

/** What was gathered is not at rest, so the segment has to start again from its last committed position. */
export function receiverGone(outlet: string): EngineError {
  return new EngineError("STREAM_STOPPED", `Cannot go on as the receiver of "${outlet}" stopped`, { retryable: true });
}
