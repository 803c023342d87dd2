import { defineSink, type SinkElement } from "../../blocks/model/component.ts";
import { elementLines, settleAtRest } from "../../blocks/model/element-lines.ts";
import { byteSize, path, record, type SettingsOf } from "../../config/declare.ts";
import { type BatchWriter, BatchWriteStage } from "../../runtime/streams/batch-write-stage.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { JsonLinesFile } from "./json-lines-file.ts";

const settings = record({
  path: path("The file; lines are added at its end."),
  max_bytes: byteSize(
    "Beyond it the file is renamed to `<path>.1` and a new one is begun; it grows without end unless told.",
    {
      optional: true,
    },
  ),
});

/**
 * Appends elements to a file, one compact JSON line for each message, aggregation and dead letter.
 *
 * Emits:         nothing; it is a sink.
 * Backpressures: when 256 elements wait for the write under way.
 * Completes:     when upstream completes and all is on the disk.
 * Cancels:       when the file cannot be written; the run fails.
 * State:         the elements of the write under way, and at most 256 that wait for it.
 * Delivery:      receipts are released once the lines of a batch are on the disk (one fsync a batch). After a failure the
 *                batch comes again, so lines may stand twice.
 */
async function open(given: SettingsOf<typeof settings>): Promise<Sink<SinkElement, unknown>> {
  const start = () => JsonLinesFile.open(given.path, given.max_bytes);
  // A file that cannot be written is a fault of `open`; a second run of the stream opens it anew.
  let ready: JsonLinesFile | undefined = await start();
  return Sink.fromStage(
    new BatchWriteStage<SinkElement>(() => {
      const file = ready === undefined ? start() : Promise.resolve(ready);
      ready = undefined;
      return new Appender(file);
    }),
  );
}

class Appender implements BatchWriter<SinkElement> {
  readonly #file: Promise<JsonLinesFile>;

  constructor(file: Promise<JsonLinesFile>) {
    this.#file = file;
    // A failure to open is heard at the first write, and at the latest when closing.
    file.catch(() => {});
  }

  async write(batch: readonly SinkElement[]): Promise<"open"> {
    try {
      const file = await this.#file;
      await file.append(batch.map(elementLines).join(""));
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.abandon(batch, error);
      throw error;
    }
    for (const element of batch) settleAtRest(element);
    return "open";
  }

  abandon(batch: readonly SinkElement[], error: Error): void {
    for (const element of batch) element.receipt.fail(error);
  }

  async close(): Promise<void> {
    const file = await this.#file;
    await file.close();
  }
}

export const jsonlSink = defineSink({
  type: "file/jsonl",
  summary: "Appends JSON lines to a file.",
  accepts: ["observations", "aggregations", "dead-letters"],
  settings,
  open,
});
