import type { Writable } from "node:stream";
import { defineSink, type SinkElement } from "../../blocks/model/component.ts";
import { elementLines, settleAtRest, settleUnwanted } from "../../blocks/model/element-lines.ts";
import { record } from "../../config/declare.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { type BatchWriter, BatchWriteStage } from "../../runtime/streams/batch-write-stage.ts";
import { Sink } from "../../runtime/streams/sink.ts";

/**
 * Prints elements, one compact JSON line for each message, aggregation and dead letter.
 *
 * Emits:         nothing; it is a sink.
 * Backpressures: while `output` takes no more, as when a pipe is full.
 * Completes:     when upstream completes and all is printed.
 * Cancels:       when the reader of the output has gone away (`| head`); what was not printed is filtered as "output closed".
 * State:         the elements of the write under way, and at most 256 that wait for it.
 * Delivery:      durable once the operating system has the lines.
 */
export function printTo(output: Writable): Sink<SinkElement, unknown> {
  return Sink.fromStage(new BatchWriteStage<SinkElement>(() => new Printer(output)));
}

class Printer implements BatchWriter<SinkElement> {
  readonly #output: Writable;
  readonly #onError = () => {};

  constructor(output: Writable) {
    this.#output = output;
    // Each write hears of its own error; the event without a listener would end the process.
    output.on("error", this.#onError);
  }

  async write(batch: readonly SinkElement[]): Promise<"open" | "closed"> {
    const error = await this.#print(batch.map(elementLines).join(""));
    if (error === undefined) {
      for (const element of batch) settleAtRest(element);
      return "open";
    }
    if (isGone(error)) {
      this.abandon(batch, undefined);
      return "closed";
    }
    const failure = new EngineError("CONNECTION_FAILED", `Cannot print: ${sentenceOf(error)}`, { cause: error });
    this.abandon(batch, failure);
    throw failure;
  }

  abandon(batch: readonly SinkElement[], error: Error | undefined): void {
    for (const element of batch) {
      if (error === undefined) settleUnwanted(element, "output closed");
      else element.receipt.fail(error);
    }
  }

  /** The output belongs to the process. */
  async close(): Promise<void> {
    if (!this.#output.destroyed) this.#output.off("error", this.#onError);
  }

  #print(lines: string): Promise<Error | undefined> {
    return new Promise((resolve) => {
      this.#output.write(lines, (error) => resolve(error ?? undefined));
    });
  }
}

function isGone(error: Error): boolean {
  return "code" in error && (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED");
}

export const stdoutSink = defineSink({
  type: "stdout/json",
  summary: "Prints JSON lines to standard output.",
  accepts: ["observations", "aggregations", "dead-letters"],
  settings: record({}),
  open: async () => printTo(process.stdout),
});
