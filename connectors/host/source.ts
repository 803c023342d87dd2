import { hostname } from "node:os";
import { ChunkBuilder } from "../../blocks/model/chunk-builder.ts";
import { type ComponentContext, defineSource } from "../../blocks/model/component.ts";
import type { ObservationChunk } from "../../blocks/model/observation-chunk.ts";
import { duration, record, type SettingsOf, tagset, text } from "../../config/declare.ts";
import { Receipt } from "../../runtime/receipt.ts";
import { Source } from "../../runtime/streams/source.ts";
import { metricsBetween, readMachine } from "./machine-reading.ts";

const settings = record({
  interval: duration("Time between two rounds.", { default: "1 second" }),
  metric_prefix: text("Begins the name of every metric, before a point.", { default: "host" }),
  tagset: tagset("Tags that every data point gets; `host`, the name of this machine, unless told.", { optional: true }),
});

/**
 * The load of this machine, all of it `tdouble` so that a round is one chunk: `load.1m`, `load.5m`, `load.15m` (not on Windows),
 * `memory.used`, `memory.free`, `memory.total` in bytes (exact: far below 2^53), `cpu.utilisation` of all cores since the last
 * round, 0 to 1 (from the second round on), and `uptime` in seconds.
 *
 * Emits:         one chunk each `interval`, stamped with the time of its round; the first at once.
 * Backpressures: at most one round waits; older ones are left out.
 * Completes:     never.
 * Cancels:       stops its timer.
 * State:         the last reading.
 * Delivery:      a round is read once; where one cannot be stored, the stream fails at its next round.
 */
async function open(
  given: SettingsOf<typeof settings>,
  { clock, table }: ComponentContext,
): Promise<Source<ObservationChunk, unknown>> {
  const tags = given.tagset ?? { host: hostname() };
  const seriesOf = (metric: string) => table.intern(`${given.metric_prefix}.${metric}`, tags, "tdouble");
  const rounds = Source.tick(0, given.interval, "round").statefulMap(() => {
    const builder = new ChunkBuilder(table, 16);
    let before = readMachine();
    let failure: Error | undefined;
    return () => {
      if (failure !== undefined) throw failure;
      const now = readMachine();
      const timeMs = clock.now();
      for (const [metric, value] of metricsBetween(before, now)) builder.addNumber(seriesOf(metric), timeMs, value);
      before = now;
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
  return rounds.mapConcat((made) => made);
}

export const hostSource = defineSource({
  type: "poll/host",
  summary: "Measures the load of this machine.",
  delivery: "at-most-once",
  finite: () => false,
  settings,
  open,
});
