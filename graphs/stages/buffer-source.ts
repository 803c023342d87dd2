import type { BufferReader, BufferRecord } from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { Receipt, Tally } from "../../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Outlet } from "../../runtime/streams/graph-stage.ts";
import { SourceShape } from "../../runtime/streams/shape.ts";

/** Ends the reading of a buffer. */
export interface BufferSourceControl {
  /** Reads nothing more; completes once everything read is settled and committed. */
  stop(): void;
  /** Like `stop`, but reads what is there first. */
  drain(): void;
  /** Calls `done` once everything that the buffer held at the time of the call is settled and committed. */
  whenCaughtUp(done: () => void): void;
}

/**
 * Reads one partition of a buffer from the consumer's last committed position, and commits what is settled.
 *
 * Emits:         the chunks of each record, in order.
 * Backpressures: when downstream does, and while more than `inFlightMax` rows are not settled.
 * Completes:     after `stop` or `drain`, once everything emitted is settled and committed.
 * Cancels:       when downstream cancels; what is not committed is read again by the next run.
 * State:         the rows in flight: at most `inFlightMax`, and one record.
 * Delivery:      each record has a receipt; positions are committed in order, up to the lowest that is not settled. A failed
 *                receipt fails the stage, and the segment starts again from the last commit.
 */
export class BufferSource extends GraphStage<SourceShape<ObservationChunk>, BufferSourceControl> {
  readonly shape = new SourceShape(new Outlet<ObservationChunk>("out"));
  readonly #open: () => BufferReader;
  readonly #inFlightMax: number;

  /** @param inFlightMax In rows. */
  constructor(open: () => BufferReader, inFlightMax: number) {
    super();
    this.#open = open;
    this.#inFlightMax = inFlightMax;
  }

  createLogic(): BufferSourceLogic {
    return new BufferSourceLogic(this.shape, this.#open, this.#inFlightMax);
  }
}

/** A record that was read and is not committed. */
interface InFlight {
  readonly position: number;
  readonly rows: number;
  settled: Tally | undefined;
}

class BufferSourceLogic extends GraphStageLogic<BufferSourceControl> {
  override readonly materialized: BufferSourceControl;
  readonly #outlet: Outlet<ObservationChunk>;
  readonly #open: () => BufferReader;
  readonly #inFlightMax: number;
  #reader: BufferReader | undefined;
  #chunks: ObservationChunk[] = [];
  readonly #inFlight: InFlight[] = [];
  #rowsInFlight = 0;
  #waiting = false;
  #committing = false;
  #ending: "no" | "stop" | "drain" = "no";
  /** While draining: the reader was seen at its end. */
  #drained = false;
  #read = 0;
  #committed = 0;
  /** Who waits, and for which position; undefined until the reader was seen at the end. */
  #catchingUp: { readonly done: () => void; position: number | undefined }[] = [];

  constructor(shape: SourceShape<ObservationChunk>, open: () => BufferReader, inFlightMax: number) {
    super(shape);
    this.#outlet = shape.out;
    this.#open = open;
    this.#inFlightMax = inFlightMax;
    this.setHandler(shape.out, { onPull: () => this.#pushNext() });
    const end = (how: "stop" | "drain") => this.getAsyncCallback(() => this.#end(how));
    const whenCaughtUp = this.getAsyncCallback((done: () => void) => {
      this.#catchingUp.push({ done, position: undefined });
      this.#pushNext();
      this.#noteCommitted();
    });
    this.materialized = { stop: () => end("stop")(undefined), drain: () => end("drain")(undefined), whenCaughtUp };
  }

  override preStart(): void {
    this.#reader = this.#open();
    this.setKeepGoing(true);
  }

  override postStop(): void {
    this.#reader?.close();
  }

  #pushNext(): void {
    if (this.isClosed(this.#outlet) || !this.isAvailable(this.#outlet)) return;
    const chunk = this.#chunks.shift() ?? this.#readNext();
    if (chunk !== undefined) this.push(this.#outlet, chunk);
    else this.#completeIfDone();
  }

  #readNext(): ObservationChunk | undefined {
    if (this.#ending === "stop" || this.#rowsInFlight >= this.#inFlightMax || this.#waiting) return undefined;
    const record = this.#reader?.read();
    if (record === undefined) {
      if (this.#reader?.atEnd === true) {
        for (const waiting of this.#catchingUp) waiting.position ??= this.#read;
        this.#drained = this.#ending === "drain";
      }
      this.#wait();
      return undefined;
    }
    this.#read = record.position;
    this.#chunks = this.#underReceipt(record);
    return this.#chunks.shift() ?? this.#readNext();
  }

  #wait(): void {
    if (this.#ending === "stop" || this.#drained) return;
    this.#waiting = true;
    this.#reader?.onRecord(
      once(
        this.getAsyncCallback(() => {
          this.#waiting = false;
          this.#pushNext();
          this.#noteCommitted();
        }),
      ),
    );
  }

  #underReceipt(record: BufferRecord): ObservationChunk[] {
    const entry: InFlight = { position: record.position, rows: record.rows, settled: undefined };
    const settled = this.getAsyncCallback((tally: Tally) => {
      entry.settled = tally;
      this.#commit();
    });
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    const receipt = new Receipt(record.rows, settled, failed, { enteredAt: record.enteredAt, lane: this });
    const chunks = record.chunks();
    this.#inFlight.push(entry);
    this.#rowsInFlight += record.rows;
    if (chunks.length > 1) receipt.hold(chunks.length - 1);
    if (chunks.length === 0) receipt.release();
    return chunks.map((chunk) => chunk.under(receipt));
  }

  /** Commits what is settled without a gap; one commit at a time, so that they join under load. */
  #commit(): void {
    if (this.#committing || this.#inFlight[0]?.settled === undefined) return;
    const tally = new Tally();
    let position = 0;
    while (this.#inFlight[0]?.settled !== undefined) {
      const entry = this.#inFlight.shift() as InFlight;
      tally.addAll(entry.settled as Tally);
      this.#rowsInFlight -= entry.rows;
      position = entry.position;
    }
    this.#committing = true;
    const committed = this.getAsyncCallback(() => {
      this.#committing = false;
      this.#committed = position;
      this.#noteCommitted();
      this.#commit();
      this.#completeIfDone();
    });
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    this.#reader?.commit(position, tally).then(() => committed(undefined), failed);
    this.#pushNext();
  }

  #noteCommitted(): void {
    // A reader that waits for records has been at the end, where it is.
    if (this.#waiting && this.#reader?.atEnd === true)
      for (const waiting of this.#catchingUp) waiting.position ??= this.#read;
    const isDone = ({ position }: { position: number | undefined }) =>
      position !== undefined && (position <= this.#committed || this.#inFlight.length + Number(this.#committing) === 0);
    const done = this.#catchingUp.filter(isDone);
    this.#catchingUp = this.#catchingUp.filter((waiting) => !isDone(waiting));
    for (const waiting of done) waiting.done();
  }

  #end(how: "stop" | "drain"): void {
    if (this.#ending === "stop") return;
    this.#ending = how;
    this.#waiting = false;
    if (how === "stop") this.#completeIfDone();
    else this.#pushNext();
  }

  /** Completes the outlet first, so that what gathers downstream is flushed, and itself after the last commit. */
  #completeIfDone(): void {
    if (this.#ending === "no" || this.#chunks.length > 0) return;
    if (this.#ending === "drain" && !this.#drained) return;
    if (!this.isClosed(this.#outlet)) this.complete(this.#outlet);
    if (this.#inFlight.length === 0 && !this.#committing) this.completeStage();
  }
}

/** The wake-up carries nothing. */
function once(callback: (value: undefined) => void): () => void {
  return () => callback(undefined);
}
