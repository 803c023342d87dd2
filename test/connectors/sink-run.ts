import { AggregationChunk } from "../../blocks/model/aggregation.ts";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import type { SinkElement } from "../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { type VirtualClock, virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { Receipt, type Tally } from "../../runtime/receipt.ts";
import type { SourceQueue } from "../../runtime/streams/operators/source-queue.ts";
import type { RunningGraph } from "../../runtime/streams/runnable-graph.ts";
import type { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";

const table = new SeriesTable();
const time = Date.UTC(2020, 0, 2, 3, 4, 5);

/** What became of the receipts that `elements` were made with, in order of settling. */
export interface Fates {
  readonly settled: Tally[];
  readonly failed: string[];
}

export function newFates(): Fates {
  return { settled: [], failed: [] };
}

function receipt(rows: number, fates: Fates): Receipt {
  return new Receipt(
    rows,
    (tally) => fates.settled.push(tally),
    (error) => fates.failed.push(error.message),
  );
}

export function observations(fates: Fates, ...values: number[]): SinkElement {
  const builder = new ChunkBuilder(table);
  for (const value of values) builder.add(table.intern("a", { b: "c" }, "tdouble"), time, value);
  const [chunk] = builder.build(receipt(values.length, fates));
  if (chunk === undefined) throw new Error("a chunk needs values");
  return chunk;
}

export function aggregation(fates: Fates): SinkElement {
  const series = table.intern("a", { b: "c" }, "tdouble");
  const one = { series, period: "1m", bucket: time, derivator: "max", type: "tdouble", value: 7 };
  return new AggregationChunk([one], receipt(0, fates));
}

export function deadLetter(fates: Fates): SinkElement {
  const letter = {
    node: "n",
    code: "MESSAGE_INVALID",
    reason: "It is bad",
    where: { line: 3 },
    payload: "x",
    at: time,
  } as const;
  return new DeadLetterChunk([letter], receipt(0, fates));
}

export interface SinkRun extends RunningGraph<SourceQueue<SinkElement>> {
  readonly clock: VirtualClock;
  offer(element: SinkElement): void;
}

/** A sink that takes what the test offers. */
export function runSink(sink: Sink<SinkElement, unknown>, clock: VirtualClock = virtualClock()): SinkRun {
  const source = Source.queue<SinkElement>(1_024);
  const running = source.to(sink).runWatched(new ActorSystem({ clock }));
  return {
    ...running,
    stop: (error) => running.stop(error),
    clock,
    offer: (element) => {
      running.materialized.offer(element);
    },
  };
}
