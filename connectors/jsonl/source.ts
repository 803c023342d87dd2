import type { Readable } from "node:stream";
import { ChunkBuilder, chunkRowsMax } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource, type SourceElement } from "../../blocks/model/component.ts";
import { type DeadLetter, DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import { decodeJsonMessages } from "../../blocks/model/json-message.ts";
import type { MessageFault } from "../../blocks/model/message-series.ts";
import { byteSize, path, record, type SettingsOf } from "../../config/declare.ts";
import { openInput, unreadable } from "../../runtime/input-bytes.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Source } from "../../runtime/streams/source.ts";
import { type Line, linesOf } from "./lines.ts";

const settings = record({
  path: path("The file; `.gz` is inflated, `-` is standard input."),
  line_max: byteSize("Longest line; a longer one goes to the dead letters.", { default: "16 MiB" }),
});

type JsonlSettings = SettingsOf<typeof settings>;

/**
 * The messages of a file, one a line, once. A line may also hold an array of messages.
 *
 * Emits:         chunks of 8,192 rows or what is there, one line whole; then the dead letters among them.
 * Backpressures: reads only when asked, and no further ahead than one read of the disk.
 * Completes:     at the end of the file.
 * Cancels:       closes the file.
 * State:         the lines of one read of the disk, or one line of at most `line_max`.
 * Delivery:      a run begins at the start of the file, so whatever failed comes again, and repeats are harmless. Standard input
 *                can be read only once.
 */
async function open(given: JsonlSettings, context: ComponentContext): Promise<Source<SourceElement, unknown>> {
  // A file that cannot be read is a fault of `open`; a second run of the stream opens it anew.
  let ready: Readable | undefined = await openInput(given.path);
  return Source.from({
    [Symbol.asyncIterator]: () => {
      const opened = ready === undefined ? openInput(given.path) : Promise.resolve(ready);
      ready = undefined;
      return new JsonlRun(opened, given, context);
    },
  });
}

/** One reading of the file. */
class JsonlRun implements AsyncIterator<SourceElement, undefined> {
  readonly #input: Promise<Readable>;
  readonly #given: JsonlSettings;
  readonly #context: ComponentContext;
  readonly #builder: ChunkBuilder;
  #pieces: AsyncGenerator<Line[]> | undefined;
  /** Lines of the last piece that are not decoded yet. */
  #lines: Line[] = [];
  #next = 0;
  /** Made but not asked for yet. */
  readonly #elements: SourceElement[] = [];
  #failure: Error | undefined;
  #ended = false;

  constructor(input: Promise<Readable>, given: JsonlSettings, context: ComponentContext) {
    this.#input = input;
    // A failure to open is heard at the first element.
    input.catch(() => {});
    this.#given = given;
    this.#context = context;
    this.#builder = new ChunkBuilder(context.table, chunkRowsMax);
  }

  async next(): Promise<IteratorResult<SourceElement, undefined>> {
    const input = await this.#input;
    try {
      while (this.#elements.length === 0) {
        if (this.#failure !== undefined) throw this.#failure;
        if (this.#next === this.#lines.length && !(await this.#readLines(input))) return await this.return();
        this.#decode();
      }
    } catch (error) {
      input.destroy();
      throw error;
    }
    const value = this.#elements.shift();
    return value === undefined ? this.return() : { done: false, value };
  }

  /** Not a generator: one that waits for its next element cannot be ended before that comes. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#ended = true;
    (await this.#input).destroy();
    return { done: true, value: undefined };
  }

  async #readLines(input: Readable): Promise<boolean> {
    this.#pieces ??= linesOf(input, this.#given.line_max);
    try {
      const piece = await this.#pieces.next();
      if (piece.done === true) return false;
      this.#lines = piece.value;
      this.#next = 0;
      return true;
    } catch (cause) {
      if (this.#ended) return false;
      throw unreadable(this.#given.path, cause);
    }
  }

  #decode(): void {
    const letters: DeadLetter[] = [];
    while (this.#next < this.#lines.length && this.#builder.rows < chunkRowsMax) {
      const line = this.#lines[this.#next++];
      if (line !== undefined) this.#decodeLine(line, letters);
    }
    if (this.#builder.rows > 0) this.#elements.push(...this.#builder.build(this.#receipt(this.#builder.rows)));
    if (letters.length > 0) {
      const receipt = this.#receipt(letters.length);
      for (const { code } of letters) receipt.deadLettered(code, 1);
      this.#elements.push(new DeadLetterChunk(letters, receipt));
    }
  }

  #decodeLine(line: Line, letters: DeadLetter[]): void {
    if (line.fault !== undefined) {
      letters.push(this.#letter(line, 1, { path: "", code: line.fault.code, reason: line.fault.reason }));
      return;
    }
    const { rejected } = decodeJsonMessages(line.text, this.#builder, { table: this.#context.table });
    for (const rejection of rejected) letters.push(this.#letter(line, rejection.column, rejection));
  }

  #letter(line: Line, column: number, { code, reason }: MessageFault): DeadLetter {
    const { node, clock } = this.#context;
    const where = { file: this.#given.path, line: line.number, column, node };
    return { node, code, reason, where, payload: line.text, at: clock.now() };
  }

  #receipt(rows: number): Receipt {
    return new Receipt(
      rows,
      () => {},
      (error) => {
        this.#failure ??= error;
        // Nobody asks for a next element any more, so the failure cannot travel with the stream.
        if (this.#ended) this.#context.log.error(`Cannot store all of "${this.#given.path}": ${error.message}`);
      },
    );
  }
}

export const jsonlSource = defineSource({
  type: "file/jsonl",
  summary: "Reads a file of JSON messages, one a line, once.",
  delivery: "at-least-once",
  finite: () => true,
  settings,
  open,
});
