import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource } from "../../blocks/model/component.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { duration, integer, list, record, type SettingsOf, tagset, text } from "../../config/declare.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Source } from "../../runtime/streams/source.ts";

const settings = record({
  interval: duration("Time between two data points.", { default: "1 minute" }),
  metric: list("Names, one of which is picked at random for each data point.", text("Name of a metric."), { min: 1 }),
  tagset: tagset(),
  count: integer("Ends after so many data points; endless unless told.", { min: 1, optional: true }),
  max_ttr: duration("Accepted as in TSorage; there is nothing to connect to.", { default: "15 seconds" }),
});

/**
 * One `tdouble` in [0, 1) each round, of a metric picked at random. All chance comes from the clock, so a seed repeats a run.
 *
 * Emits:         one row each `interval`, stamped with the time of its round; the first at once.
 * Backpressures: at most one round waits; older ones are left out.
 * Completes:     after `count` rows, if that is set.
 * Cancels:       stops its timer.
 * State:         none.
 * Delivery:      a row is made once; where one cannot be stored, the stream fails at its next round.
 */
async function open(
  given: SettingsOf<typeof settings>,
  { clock, table }: ComponentContext,
): Promise<Source<ObservationChunk, unknown>> {
  const series = given.metric.map((metric) => table.intern(metric, given.tagset, "tdouble"));
  const rows = Source.tick(0, given.interval, "round").statefulMap(() => {
    const builder = new ChunkBuilder(table, 1);
    let failure: Error | undefined;
    return () => {
      if (failure !== undefined) throw failure;
      const picked = series[Math.floor(clock.random() * series.length)];
      if (picked !== undefined) builder.addNumber(picked, clock.now(), clock.random());
      const receipt = new Receipt(
        builder.rows,
        () => {},
        (error) => {
          failure = error;
        },
      );
      return builder.build(receipt);
    };
  });
  const chunks = rows.mapConcat((made) => made);
  return given.count === undefined ? chunks : chunks.take(given.count);
}

export const randomSource = defineSource({
  type: "random",
  summary: "Makes random numbers, to try a graph.",
  delivery: "at-most-once",
  finite: ({ count }) => count !== undefined,
  settings,
  open,
});
