import assert from "node:assert/strict";
import fc from "fast-check";
import { test } from "vitest";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { WritePlan } from "../../../connectors/cassandra/write-plan.ts";

const limit = 1_000;
const options = { keyspaces: { raw: "r", aggregated: "a" }, sharder: "day", batchBytesMax: limit } as const;

const times = fc.uniqueArray(fc.integer({ min: 0, max: 400_000_000 }), { minLength: 1, maxLength: 60 });
const texts = fc.string({ maxLength: 300 });

test("every batch has rows of one partition, within its bytes or alone, and together they have every row once", () => {
  fc.assert(
    fc.property(times, texts, (unsorted, text) => {
      const series = new SeriesTable().intern("m", { tag: "é" }, "ttext");
      const time = Float64Array.from(unsorted).sort();
      const points = { time, values: unsorted.map(() => text) };
      const rows = { start: time, bytes: unsorted.map(() => Buffer.from(text)) };
      const states = ["1m", "1h"].map((period) => ({ series, period, rows }));
      const batches = [...new WritePlan({ observations: [{ series, points }], states }, 7, options).batches()];
      let count = 0;
      for (const { rows: batch, timestamp } of batches) {
        assert.equal(timestamp, 7);
        const partitions = new Set(batch.map(({ query, params }) => [query, ...params.slice(0, 4)].join(" ")));
        assert.equal(partitions.size, 1);
        const bytes = batch.flatMap(({ params }) => params).reduce((sum, cell) => sum + (cell?.byteLength ?? 0), 0);
        assert.ok(batch.length === 1 || bytes <= limit, `${bytes} bytes in ${batch.length} rows`);
        count += batch.length;
      }
      assert.equal(count, 3 * time.length);
    }),
  );
});
