import { type CustomTypes, defineType } from "../../../blocks/model/type-definition.ts";
import fc from "fast-check";
import { ChunkBuilder } from "../../../blocks/model/chunk-builder.ts";
import type { DataType } from "../../../blocks/model/data-type.ts";
import { isTagKey } from "../../../blocks/model/message-series.ts";
import type { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { timestampMax, timestampMin } from "../../../blocks/model/timestamp.ts";
import { Receipt } from "../../../runtime/receipt.ts";

/** A data point as plain data, its value as it lies in a column. */
export interface Point {
  readonly metric: string;
  readonly tagset: Readonly<Record<string, string>>;
  readonly type: DataType;
  readonly time: number;
  readonly value: unknown;
}

export const customTypes: CustomTypes = new Map([["vector", defineType({ name: "vector", summary: "Any JSON." })]]);

const text = fc.string({ unit: "grapheme", maxLength: 12 });
const tagKey = fc.oneof(fc.constant("__proto__"), fc.constant("toString"), text.filter(isTagKey));
const metric = fc.oneof(
  fc.constant("m"),
  text.filter((name) => name !== "" && !name.includes("{")),
);
const time = fc.integer({ min: timestampMin, max: timestampMax });
const finite = fc.double({ noDefaultInfinity: true, noNaN: true });
const valuesByType: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  tdouble: finite,
  tlong: fc.oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -300n, max: 300n })),
  tbool: fc.constantFrom(0, 1),
  ttext: text,
  tbinary: fc.uint8Array({ maxLength: 9 }).map((bytes) => new Uint8Array(bytes)),
  pos2d: fc.record(
    {
      latitude: fc.double({ min: -90, max: 90, noNaN: true }),
      longitude: fc.double({ min: -180, max: 180, noNaN: true }),
    },
    { noNullPrototype: true },
  ),
  vector: fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.array(finite)),
};

const series = fc
  .record({
    metric,
    tagset: fc.uniqueArray(fc.tuple(tagKey, text), { maxLength: 4, selector: ([key]) => key }),
    type: fc.constantFrom(...Object.keys(valuesByType)),
  })
  .map(({ metric, tagset, type }) => ({ metric, type, tagset: Object.fromEntries(tagset) }));

/** Points of a few series of all types, in runs. */
export const anyPoints: fc.Arbitrary<Point[]> = fc
  .array(
    series.chain((names) =>
      fc.array(
        fc
          .record({ time, value: valuesByType[names.type] ?? fc.constant(null) })
          .map((point) => ({ ...names, ...point })),
        { minLength: 1, maxLength: 4 },
      ),
    ),
    { maxLength: 5 },
  )
  .map((runs) => runs.flat());

export function ignoredReceipt(): Receipt {
  return new Receipt(
    0,
    () => {},
    () => {},
  );
}

export function chunksOf(points: readonly Point[], rowsAtStart = 2): ObservationChunk[] {
  const table = new SeriesTable();
  const builder = new ChunkBuilder(table, rowsAtStart);
  for (const point of points) {
    builder.add(table.intern(point.metric, point.tagset, point.type), point.time, point.value);
  }
  return builder.build(ignoredReceipt());
}

export function pointsOf(chunks: readonly ObservationChunk[]): Point[] {
  return chunks.flatMap((chunk) =>
    Array.from({ length: chunk.length }, (_, row) => {
      const { metric, tagset, type } = chunk.table.at(chunk.series[row] ?? -1);
      return {
        metric,
        tagset: Object.fromEntries(tagset),
        type,
        time: chunk.time[row] ?? Number.NaN,
        value: chunk.values[row],
      };
    }),
  );
}
