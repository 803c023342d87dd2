import type { z } from "zod";
import type { SettingsSchema, SourceContext, SourceDefinition, SourceElement } from "../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../blocks/model/dead-letter.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import type { VirtualClock } from "../../runtime/clock/virtual-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { RunningGraph } from "../../runtime/streams/runnable-graph.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { ioClock } from "./io-clock.ts";

/** What a component is opened with in a test. */
export function testContext(clock: VirtualClock = ioClock()): SourceContext & { readonly clock: VirtualClock } {
  return { graph: "test", node: "it", clock, log: silentLog, table: new SeriesTable(), lasting: (make) => make() };
}

/** `series type time value` of each row. */
export function rowsOf(chunk: ObservationChunk): [string, string, string, unknown][] {
  return Array.from({ length: chunk.length }, (_, row) => {
    const { canonical, type } = chunk.table.at(chunk.series[row] ?? -1);
    return [canonical, type, new Date(chunk.time[row] ?? 0).toISOString(), chunk.values[row]];
  });
}

/** A source opened from settings as a user writes them, running into a list. Receipts stay with the test. */
export interface SourceRun extends RunningGraph<unknown> {
  readonly context: SourceContext & { readonly clock: VirtualClock };
  readonly elements: SourceElement[];
  readonly rows: [string, string, string, unknown][];
  /** Code, line and payload of each dead letter. */
  readonly letters: [string, number | undefined, unknown][];
}

export async function runSource<S extends SettingsSchema>(
  definition: SourceDefinition<S>,
  given: unknown,
  context = testContext(),
): Promise<SourceRun> {
  const settings: z.output<S> = definition.settings.parse(given);
  const source = await definition.open(settings, context);
  const elements: SourceElement[] = [];
  const rows: SourceRun["rows"] = [];
  const letters: SourceRun["letters"] = [];
  const sink = Sink.foreach<SourceElement>((element) => {
    elements.push(element);
    if (element instanceof DeadLetterChunk) {
      for (const { code, where, payload } of element.letters) letters.push([code, where.line, payload]);
    } else rows.push(...rowsOf(element));
  });
  const running = source.runWatched(sink, new ActorSystem({ clock: context.clock }));
  return { ...running, stop: (error) => running.stop(error), context, elements, rows, letters };
}

/** Moves virtual time on, and lets everything happen that follows from it. */
export async function pass(clock: VirtualClock, ms: number): Promise<void> {
  await clock.settle();
  clock.advance(ms);
  await clock.settle();
}
