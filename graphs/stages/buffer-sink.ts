import type { Buffer } from "../../blocks/model/buffer.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { EngineError } from "../../runtime/errors.ts";
import { GraphStage, GraphStageLogic, Inlet } from "../../runtime/streams/graph-stage.ts";
import { SinkShape } from "../../runtime/streams/shape.ts";

/** Rows that may wait while an append is on its way: what the next one takes along. */
const gatheredRowsMax = 65_536;

/**
 * Appends chunks to a buffer.
 *
 * Emits:         nothing.
 * Backpressures: while `gatheredRowsMax` rows wait for the append on its way, or rows wait that nobody would repeat and the
 *                buffer is full.
 * Completes:     when upstream completes and everything is durable.
 * Cancels:       never, unless the buffer fails.
 * State:         one append on its way and the rows gathered meanwhile.
 * Delivery:      a receipt is settled once its rows are durable in the buffer. When the buffer is full, receipts whose source
 *                redelivers fail at once; the other rows wait until there is room.
 */
export class BufferSink extends GraphStage<SinkShape<ObservationChunk>> {
  readonly shape = new SinkShape(new Inlet<ObservationChunk>("in"));
  readonly #buffer: Buffer;

  constructor(buffer: Buffer) {
    super();
    this.#buffer = buffer;
  }

  createLogic(): BufferSinkLogic {
    return new BufferSinkLogic(this.shape, this.#buffer);
  }
}

class BufferSinkLogic extends GraphStageLogic {
  readonly #inlet: Inlet<ObservationChunk>;
  readonly #buffer: Buffer;
  #gathered: ObservationChunk[] = [];
  #rows = 0;
  #appending = false;
  #waitingForRoom = false;

  constructor(shape: SinkShape<ObservationChunk>, buffer: Buffer) {
    super(shape);
    this.#inlet = shape.in;
    this.#buffer = buffer;
    this.setHandler(shape.in, {
      onPush: () => this.#take(this.grab(shape.in)),
      onUpstreamFinish: () => this.#completeIfDone(),
      onUpstreamFailure: (error) => this.failStage(error),
    });
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.pull(this.#inlet);
  }

  #take(chunk: ObservationChunk): void {
    if (chunk.receipt.redelivers && this.#buffer.full) {
      chunk.receipt.fail(new EngineError("BUFFER_FULL", "Cannot append as the buffer is full", { retryable: true }));
    } else {
      this.#gathered.push(chunk);
      this.#rows += chunk.length;
      this.#append();
    }
    this.#pullMore();
  }

  #pullMore(): void {
    if (this.isClosed(this.#inlet) || this.hasBeenPulled(this.#inlet)) return;
    if (this.#rows < gatheredRowsMax && !this.#waitingForRoom) this.pull(this.#inlet);
  }

  #append(): void {
    if (this.#appending || this.#waitingForRoom || this.#gathered.length === 0) return;
    const chunks = this.#gathered;
    this.#gathered = [];
    this.#rows = 0;
    this.#appending = true;
    const appended = this.getAsyncCallback(() => this.#appended(chunks));
    const failed = this.getAsyncCallback((error: Error) => this.#failed(chunks, error));
    this.#buffer.append(chunks).then(() => appended(undefined), failed);
  }

  #appended(chunks: readonly ObservationChunk[]): void {
    this.#appending = false;
    for (const { receipt, length } of chunks) {
      receipt.durable(length);
      receipt.release();
    }
    this.#append();
    this.#pullMore();
    this.#completeIfDone();
  }

  #failed(chunks: readonly ObservationChunk[], error: Error): void {
    this.#appending = false;
    if (!(error instanceof EngineError && error.code === "BUFFER_FULL")) {
      for (const { receipt } of chunks) receipt.fail(error);
      this.failStage(error);
      return;
    }
    const kept = chunks.filter(({ receipt }) => !receipt.redelivers);
    for (const { receipt } of chunks) if (receipt.redelivers) receipt.fail(error);
    this.#gathered = [...kept, ...this.#gathered];
    this.#rows = this.#gathered.reduce((rows, chunk) => rows + chunk.length, 0);
    if (this.#gathered.length > 0) this.#waitForRoom();
    this.#pullMore();
    this.#completeIfDone();
  }

  #waitForRoom(): void {
    this.#waitingForRoom = true;
    const room = this.getAsyncCallback(() => {
      this.#waitingForRoom = false;
      this.#append();
      this.#pullMore();
    });
    this.#buffer.onRoom(() => room(undefined));
  }

  #completeIfDone(): void {
    if (this.isClosed(this.#inlet) && !this.#appending && this.#gathered.length === 0) this.completeStage();
  }
}
