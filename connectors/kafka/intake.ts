import type { KafkaMessage } from "kafkajs";
import { ChunkBuilder, chunkRowsMax } from "../../blocks/model/chunk-builder.ts";
import type { ComponentContext, SourceElement } from "../../blocks/model/component.ts";
import { type DeadLetter, DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import { EngineError } from "../../runtime/errors.ts";
import { Receipt } from "../../runtime/receipt.ts";
import type { AssignedPartition, HandedOn } from "./assigned-partition.ts";
import type { GroupMember, Taker } from "./group-member.ts";
import type { RecordDecoder } from "./record-decoder.ts";

export interface IntakeLimits {
  /** Data points that were handed on and are not settled. */
  readonly rowsMax: number;
  /** Bytes of records that were fetched and not handed on; reading is paused above, and goes on below half of it. */
  readonly bytesMax: number;
}

/** One run of a source: hands on the records of all partitions of a member, each run of them under one receipt. */
export class Intake implements AsyncIterator<SourceElement, undefined>, Taker {
  readonly #topic: string;
  readonly #member: GroupMember;
  readonly #decoder: RecordDecoder;
  readonly #limits: IntakeLimits;
  readonly #context: ComponentContext;
  readonly #builder: ChunkBuilder;
  readonly #attached: Promise<void>;
  #queue: { readonly home: AssignedPartition; readonly messages: readonly KafkaMessage[]; next: number }[] = [];
  /** Made but not asked for yet. */
  readonly #elements: SourceElement[] = [];
  #bytes = 0;
  #rows = 0;
  /** Partitions of which this run handed on something: blocks may remember their series. */
  readonly #touched = new Set<AssignedPartition>();
  #failure: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(
    topic: string,
    member: GroupMember,
    decoder: RecordDecoder,
    limits: IntakeLimits,
    context: ComponentContext,
  ) {
    this.#topic = topic;
    this.#member = member;
    this.#decoder = decoder;
    this.#limits = limits;
    this.#context = context;
    this.#builder = new ChunkBuilder(context.table, chunkRowsMax);
    this.#attached = member.attach(this);
    // A failure is heard at the first element.
    this.#attached.catch(() => {});
  }

  async next(): Promise<IteratorResult<SourceElement, undefined>> {
    await this.#attached;
    for (;;) {
      if (this.#failure !== undefined) {
        await this.return();
        throw this.#failure;
      }
      if (this.#ended) return { done: true, value: undefined };
      const element = this.#elements.shift();
      if (element !== undefined) return { done: false, value: element };
      if (this.#queue.length > 0 && this.#rows < this.#limits.rowsMax) this.#decode();
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }

  /** Not a generator: one that waits for its next element cannot be ended before that comes. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#ended = true;
    this.#member.detach(this);
    this.#queue = [];
    this.#notify();
    return { done: true, value: undefined };
  }

  onRecords(home: AssignedPartition, messages: readonly KafkaMessage[]): void {
    if (this.#ended) return;
    this.#queue.push({ home, messages, next: 0 });
    for (const message of messages) this.#bytes += sizeOf(message);
    if (this.#bytes > this.#limits.bytesMax) this.#member.pause();
    this.#notify();
  }

  onLost(partitions: readonly AssignedPartition[]): void {
    this.#queue = this.#queue.filter((entry) => {
      if (!entry.home.revoked) return true;
      this.#forget(entry.messages.slice(entry.next));
      return false;
    });
    const touched = partitions.filter((home) => this.#touched.has(home)).map(({ partition }) => partition);
    if (touched.length === 0) return;
    // What the blocks remember of these series goes out of date with the first record that another engine reads.
    const names = touched.sort((a, b) => a - b).join(", ");
    this.onFailed(
      new EngineError(
        "STREAM_STOPPED",
        `Cannot go on with what is in memory as another engine of the group reads partitions ${names} of "${this.#topic}" now`,
        { retryable: true },
      ),
    );
  }

  onFailed(error: Error): void {
    this.#failure ??= error;
    this.#notify();
  }

  #notify(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** The next records of one partition, as many as make a chunk. */
  #decode(): void {
    const entry = this.#queue[0];
    if (entry === undefined) return;
    const { home, messages } = entry;
    const letters: DeadLetter[] = [];
    const from = entry.next;
    let enteredAt = 0;
    while (entry.next < messages.length && this.#builder.rows < chunkRowsMax && letters.length < chunkRowsMax) {
      const message = messages[entry.next++];
      if (message === undefined) continue;
      enteredAt = home.enter(message, this.#context.clock.now());
      letters.push(...this.#decoder(message, this.#builder).map((fault) => this.#letter(home, message, fault)));
    }
    const taken = messages.slice(from, entry.next);
    const end = Number(taken.at(-1)?.offset ?? 0) + 1;
    if (entry.next === messages.length) this.#queue.shift();
    this.#touched.add(home);
    this.#handOn(home, end, enteredAt, letters);
    this.#forget(taken);
  }

  #handOn(home: AssignedPartition, end: number, enteredAt: number, letters: readonly DeadLetter[]): void {
    const { rows } = this.#builder;
    const handedOn = home.handOn(end, rows, enteredAt);
    this.#rows += rows;
    const receipt = new Receipt(
      rows + letters.length,
      () => this.#settled(handedOn),
      (error) => this.onFailed(error),
      { enteredAt, lane: home },
    );
    for (const { code } of letters) receipt.deadLettered(code, 1);
    // One hold of our own, since the chunks are handed on one by one and a record may hold nothing at all.
    receipt.hold(1 + (letters.length > 0 ? 1 : 0));
    if (rows > 0) this.#elements.push(...this.#builder.build(receipt));
    else receipt.release();
    if (letters.length > 0) this.#elements.push(new DeadLetterChunk(letters, receipt));
    receipt.release();
  }

  #settled(handedOn: HandedOn): void {
    this.#rows -= handedOn.span.rows;
    this.#member.settle(handedOn);
    this.#notify();
  }

  #forget(messages: readonly KafkaMessage[]): void {
    for (const message of messages) this.#bytes -= sizeOf(message);
    if (!this.#ended && this.#bytes * 2 < this.#limits.bytesMax) this.#member.resume();
  }

  #letter(
    { partition }: AssignedPartition,
    message: KafkaMessage,
    { code, reason }: Pick<DeadLetter, "code" | "reason">,
  ): DeadLetter {
    const { node, clock } = this.#context;
    const { key, value, offset } = message;
    const place = `record ${offset} of partition ${partition} of "${this.#topic}"`;
    const payload = { topic: this.#topic, partition, offset: Number(offset), key: key?.toString() ?? null, value };
    return { node, code, reason: `${reason} (${place})`, where: { node }, payload, at: clock.now() };
  }
}

/** Key and value, and some for what holds them. */
const sizeOf = ({ key, value }: KafkaMessage) => (key?.length ?? 0) + (value?.length ?? 0) + 200;
