// @ts-check
import { ChunkBuilder, defineSource, duration, integer, Receipt, record, Source, tagset, text } from "millrace/plugin";

const settings = record({
  metric: text("Metric of the data points."),
  tagset: tagset(),
  period: duration("Length of one wave.", { default: "1 hour" }),
  interval: duration("Time between two data points.", { default: "1 minute" }),
  count: integer("Data points.", { min: 1, default: 60 }),
});

const start = Date.UTC(2026, 0, 2);
const rowsPerChunk = 1_000;

export const source = defineSource({
  type: "plugin-name",
  summary: "Data points on a sine wave, from 2026-01-02 on.",
  // Whatever was not stored comes again, as each run begins with the first data point.
  delivery: "at-least-once",
  finite: () => true,
  settings,
  async open({ metric, tagset, period, interval, count }, { table }) {
    const series = table.intern(metric, tagset, "tdouble");
    function* chunks() {
      /** @type {Error | undefined} */
      let failure;
      for (let row = 0; row < count; row += rowsPerChunk) {
        if (failure !== undefined) throw failure;
        const builder = new ChunkBuilder(table);
        for (let next = row; next < Math.min(row + rowsPerChunk, count); next += 1) {
          builder.add(series, start + next * interval, Math.sin((2 * Math.PI * next * interval) / period));
        }
        // Settled once all that was made from the chunk is at rest: a device or a broker would be acknowledged then.
        const settled = () => {};
        const failed = (/** @type {Error} */ error) => {
          failure = error;
        };
        yield* builder.build(new Receipt(builder.rows, settled, failed));
      }
    }
    return Source.from({ [Symbol.iterator]: chunks });
  },
});
