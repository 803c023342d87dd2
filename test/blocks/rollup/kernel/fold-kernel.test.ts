import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { test } from "vitest";
import { builtInDerivators } from "../../../../blocks/derivators/catalogue.ts";
import { floatStateWidth } from "../../../../blocks/derivators/float-state.ts";
import { ChunkBuilder } from "../../../../blocks/model/chunk-builder.ts";
import { periodOf } from "../../../../blocks/model/period.ts";
import { SeriesTable } from "../../../../blocks/model/series.ts";
import { ObservationChunk } from "../../../../blocks/model/observation-chunk.ts";
import { soundRows } from "../../../../blocks/model/sound-rows.ts";
import { timestampMax, timestampMin } from "../../../../blocks/model/timestamp.ts";
import { groupedInKernel } from "../../../../blocks/rollup/group-by-series.ts";
import { DerivatorSets } from "../../../../blocks/rollup/derivator-set.ts";
import { FoldKernel } from "../../../../blocks/rollup/kernel/fold-kernel.ts";
import { Recorder } from "../../../../blocks/rollup/recorder.ts";
import { MemoryStore } from "../../../../connectors/memory/store.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import { Receipt } from "../../../../runtime/receipt.ts";
import { kernelBytesFile, kernelBytesText } from "../../../../tools/rollup-kernel.ts";
import { batchOf } from "../row-batch.ts";

type Row = readonly [series: number, time: number, value: number];

test("the bytes of the kernel are those that its source compiles to", async () => {
  assert.equal(readFileSync(kernelBytesFile, "utf8"), await kernelBytesText());
});

test("this process can run the kernel", () => {
  assert.ok(FoldKernel.open());
});

// Around the epoch, where a start may be -0; repeated, late and far apart; values whose sums lose digits, or overflow.
const times = fc.oneof(fc.integer({ min: -5_000, max: 5_000 }), fc.integer({ min: -3_000_000, max: 3_000_000 }));
const values = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -3, max: 3 }),
  fc.constantFrom(-0, 5e-324, 1e16, -1e16, 1e154, 1.7e308, -1.7e308),
);
const batches = fc.array(fc.array(fc.tuple(fc.nat(3), times, values), { minLength: 1, maxLength: 200 }), {
  minLength: 1,
  maxLength: 4,
});

test("states of the compiled kernel have the bits of those that are folded in JavaScript", async () => {
  await fc.assert(
    fc.asyncProperty(batches, fc.constantFrom("1s", "1m", "1d"), async (given, label) => {
      assert.deepEqual(await recorded(given, label, 0), await recorded(given, label, Number.POSITIVE_INFINITY));
    }),
    { numRuns: 300 },
  );
});

/** Rows of two series, some of which come so many rows late, or twice; the times of most are regular. */
const lateRows = fc
  .array(
    fc.record({
      late: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat(140), fc.nat(500)),
      again: fc.oneof({ weight: 8, arbitrary: fc.constant(undefined) }, fc.nat(300)),
      shift: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: -900, max: 900 })),
    }),
    { minLength: 300, maxLength: 1_200 },
  )
  .map((given) =>
    given
      .flatMap(({ late, again, shift }, row) => {
        const one = (value: number): Row => [row % 2, 1_000 * row + shift, value];
        const first = { due: row + late, row: one(row) };
        return again === undefined ? [first] : [first, { due: row + again, row: one(-row) }];
      })
      .sort((a, b) => a.due - b.due)
      .map(({ row }) => row),
  );

test.each([
  ["one batch", 1],
  ["batches, of which each is gathered before the one before it is recorded", 3],
])("rows that come late by few rows or by many, in %s, come out as in JavaScript", async (_what, count) => {
  await fc.assert(
    fc.asyncProperty(lateRows, async (rows) => {
      const length = Math.ceil(rows.length / count);
      const given = Array.from({ length: count }, (_, part) => rows.slice(part * length, (part + 1) * length));
      const inJavaScript = await recorded(given, "1m", Number.POSITIVE_INFINITY);
      assert.deepEqual(await recorded(given, "1m", 0, "ahead"), inJavaScript);
    }),
    { numRuns: 60 },
  );
});

test.each([
  ["as many late rows as are inserted one by one, and more than them", [31, 32, 33, 34, 64, 65, 1_000]],
  ["as many buckets as the kernel folds at once, and more than them", [4_095, 4_096, 4_097, 9_000]],
])("series of %s come out as in JavaScript", async (_what, lengths) => {
  const descending = lengths.flatMap((length, series) =>
    Array.from({ length }, (_, row): Row => [series, 1_000 * (length - (row % 7)) - row, row]),
  );
  const ascending = lengths.flatMap((length, series) =>
    Array.from({ length }, (_, row): Row => [series, 1_000 * row, row]),
  );
  for (const given of [[descending], [ascending], [ascending, descending]]) {
    assert.deepEqual(await recorded(given, "1s", 0), await recorded(given, "1s", Number.POSITIVE_INFINITY));
  }
});

test("batches that grow, and bring more series, leave what was handed out before as it was", async () => {
  const first: Row[] = [[0, 1, 1]];
  const second = Array.from({ length: 3_000 }, (_, row): Row => [row, 2, row]);
  assert.deepEqual(
    await recorded([first, second, first], "1m", 0),
    await recorded([first, second, first], "1m", Number.POSITIVE_INFINITY),
  );
});

const soundTimes = [timestampMin, -1, -0, 0, 1, timestampMax];
const unsound: [number, number, number][] = [
  ...[timestampMin - 1, timestampMax + 1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY].map(
    (at): [number, number, number] => [0, at, 1],
  ),
  ...[Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map((value): [number, number, number] => [
    0,
    0,
    value,
  ]),
];
const soundRow = fc.tuple(
  fc.nat(40),
  fc.oneof(fc.constantFrom(...soundTimes), fc.integer({ min: -50, max: 50 })),
  fc.constantFrom(-0, 1, -Number.MAX_VALUE, Number.MAX_VALUE, Number.MIN_VALUE),
);
/** Some of them longer than what a kernel looks at at once. */
const chunksOfRows = fc.array(
  fc.record({
    rows: fc.array(soundRow, { minLength: 1, maxLength: 40 }),
    repeats: fc.oneof({ weight: 6, arbitrary: fc.constant(1) }, fc.constantFrom(300, 1_000)),
    unsoundAt: fc.option(fc.tuple(fc.constantFrom(...unsound), fc.double({ min: 0, max: 1, noNaN: true })), {
      nil: undefined,
    }),
  }),
  { maxLength: 12 },
);

/** Right or wrong, they change nothing but the room. */
const expectations = fc.record({
  rows: fc.constantFrom(0, 100, 10_000),
  groups: fc.constantFrom(0, 1, 41, 5_000),
  known: fc.constantFrom(0, 3, 1_000),
});

test("of a chunk with an unsound row a kernel takes no row, as if it had never been there", () => {
  const table = new SeriesTable();
  for (let series = 0; series <= 40; series += 1) table.intern(`m${series}`, {}, "tdouble");
  const [tried, given] = [FoldKernel.open() ?? assert.fail(), FoldKernel.open() ?? assert.fail()];
  fc.assert(
    fc.property(chunksOfRows, fc.constantFrom(0, 100_000), expectations, (chunks, others, expected) => {
      // With as many series in the table the blocks are short.
      const counted = { size: table.size + others };
      tried.begin(counted, expected);
      given.begin(counted);
      for (const { rows, repeats, unsoundAt } of chunks) {
        const all = Array.from({ length: repeats }, () => rows).flat();
        if (unsoundAt !== undefined) all.splice(Math.floor(unsoundAt[1] * all.length), 0, unsoundAt[0]);
        const chunk = chunkOf(table, all);
        const isSound = soundRows(chunk, "main", virtualClock()).letters.length === 0;
        assert.equal(isSound, unsoundAt === undefined);
        assert.equal(tried.addSound(chunk), isSound);
        if (isSound) given.add(chunk);
      }
      assert.equal(tried.rows, given.rows);
      assert.deepEqual(rowsIn(tried), rowsIn(given));
    }),
    { numRuns: 300 },
  );
});

/** Series that come one behind the other again and again, from one of them on; now and then one of them comes twice, or a row late. */
const scans = fc.record({
  series: fc.uniqueArray(fc.nat(40), { minLength: 1, maxLength: 24 }),
  twice: fc.option(fc.nat(23), { nil: undefined, freq: 6 }),
  rows: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 200 }) }, fc.integer({ min: 8_000, max: 20_000 })),
  from: fc.nat(23),
  late: fc.option(fc.oneof(fc.nat(10), fc.nat(199)), { nil: undefined }),
  other: fc.option(fc.tuple(fc.nat(199), fc.nat(40)), { nil: undefined, freq: 4 }),
  unsoundAt: fc.option(fc.nat(199), { nil: undefined, freq: 4 }),
});

/** The same series for as many chunks in a row, each of which goes on where the one before it ended. */
const manyScans = fc.array(fc.tuple(scans, fc.integer({ min: 1, max: 4 })), { minLength: 1, maxLength: 6 });

test("rows of scans, whole or cut off, and others between them come to their series in their order", () => {
  const table = new SeriesTable();
  for (let series = 0; series <= 40; series += 1) table.intern(`m${series}`, {}, "tdouble");
  const kernel = FoldKernel.open() ?? assert.fail();
  fc.assert(
    fc.property(manyScans, fc.constantFrom(0, 100_000), expectations, (given, others, expected) => {
      kernel.begin({ size: table.size + others }, expected);
      const last = new Map<number, Map<number, number>>();
      let time = 0;
      for (const [{ series, twice, rows, from, late, other, unsoundAt }, chunks] of given) {
        const all = twice === undefined ? series : [...series, series[twice % series.length] as number];
        for (let chunk = 0; chunk < chunks; chunk += 1) {
          const taken = Array.from({ length: rows }, (_, row): Row => {
            const place = from + chunk * rows + row;
            const one = row === other?.[0] ? other[1] : (all[place % all.length] as number);
            time += 1;
            return [one, row === late ? time - 60 : time - (time % 3), row === unsoundAt ? Number.NaN : time];
          });
          const isSound = unsoundAt === undefined || unsoundAt >= rows;
          assert.equal(kernel.addSound(chunkOf(table, taken)), isSound);
          if (!isSound) continue;
          for (const [one, at, value] of taken) last.set(one, (last.get(one) ?? new Map()).set(at, value));
        }
      }
      const inOrder = [...last].sort(([a], [b]) => a - b);
      assert.deepEqual(
        rowsIn(kernel),
        inOrder.map(([one, ofOne]) => {
          const sorted = [...ofOne].sort(([a], [b]) => a - b);
          return [one, hexOf(Float64Array.from(sorted, ([at]) => at)), hexOf(Float64Array.from(sorted, ([, v]) => v))];
        }),
      );
    }),
    { numRuns: 150 },
  );
});

test("what is left of longer scans is not taken for more of the shorter ones that came next", () => {
  const table = new SeriesTable();
  for (let series = 0; series < 5; series += 1) table.intern(`m${series}`, {}, "tdouble");
  const kernel = FoldKernel.open() ?? assert.fail();
  kernel.begin(table);
  const ofThree = (row: number) => row % 3;
  const ofTwo = (row: number) => 3 + (row % 2);
  const seriesOf = [
    ...Array.from({ length: 60 }, (_, row) => ofThree(row)),
    ...Array.from({ length: 20 }, (_, row) => ofTwo(row)),
    ...Array.from({ length: 60 }, (_, row) => (row < 22 ? ofTwo(row) : ofThree(row))),
  ];
  const rows = seriesOf.map((series, row): Row => [series, row, row]);
  for (const [from, to] of [
    [0, 60],
    [60, 80],
    [80, 140],
  ])
    kernel.add(chunkOf(table, rows.slice(from, to)));
  assert.deepEqual(
    rowsIn(kernel),
    Array.from({ length: 5 }, (_, series) => {
      const times = hexOf(Float64Array.from(rows.flatMap(([one, time]) => (one === series ? [time] : []))));
      return [series, times, times];
    }),
  );
});

test.each([
  ["scans before long blocks", 0, []],
  ["scans before short blocks", 100_000, []],
  ["long blocks behind rows of others", 0, [1, 2]],
  ["short blocks behind rows of others", 100_000, [1, 2]],
])("in %s a late row and an unsound one are seen wherever they come", (_where, others, before) => {
  const rows = 70;
  const table = new SeriesTable();
  // More series than there is room for at first: what is known of the first one moves.
  for (let series = 0; series < 3_000; series += 1) table.intern(`m${series}`, {}, "tdouble");
  const counted = { size: table.size + others };
  const kernel = FoldKernel.open() ?? assert.fail();
  // Without others these rows are scans of one series, and no block has them.
  const ofBefore = before.map((series): Row => [series, -1, 1]);
  const ofOne = Array.from({ length: rows }, (_, row): Row => [0, row, 1]);
  const ofOthers = Array.from({ length: table.size - 1 }, (_, other): Row => [1 + other, 0, 1]);
  for (let turn = 0; turn < rows; turn += 1) {
    // The first one is in the columns when room is made for others.
    const place = (turn + 20) % rows;
    kernel.begin(counted);
    kernel.add(chunkOf(table, [...ofBefore, ...ofOne.with(place, [0, -1, 1])]));
    kernel.add(chunkOf(table, ofOthers));
    const groups = groupedInKernel(kernel);
    groups.orderUntil(groups.length);
    assert.deepEqual([...groups.late.subarray(0, 2)], [place === 0 ? 0 : 1, 0]);
    assert.equal(groups.oldest(0), -1);
    for (const row of unsound) {
      kernel.begin(counted);
      assert.equal(kernel.addSound(chunkOf(table, [...ofBefore, ...ofOne.with(place, row)])), false);
    }
  }
});

function chunkOf(table: SeriesTable, rows: readonly Row[]): ObservationChunk {
  const columns = {
    series: Uint32Array.from(rows, ([series]) => series),
    time: Float64Array.from(rows, ([, time]) => time),
    values: Float64Array.from(rows, ([, , value]) => value),
  };
  return new ObservationChunk(table, "float", rows.length, columns, new Receipt(1, ignore, ignore));
}

function rowsIn(kernel: FoldKernel): unknown[] {
  const groups = groupedInKernel(kernel);
  groups.orderUntil(groups.length);
  return Array.from({ length: groups.length }, (_, place) => {
    const { time, values } = groups.points(place);
    return [groups.series[place], hexOf(time), hexOf(values as Float64Array)];
  });
}

/** Series, start and state of all buckets of each batch, in hex, and the points that were stored. */
async function recorded(
  given: readonly (readonly Row[])[],
  label: string,
  kernelRows: number,
  gathers: "ahead" | "in turn" = "in turn",
): Promise<unknown[]> {
  const table = new SeriesTable();
  const store = new MemoryStore();
  const sets = new DerivatorSets(builtInDerivators);
  const parts = { table, store, period: periodOf(label), sets, hotSeriesMax: 100, kernelRows };
  const recorder = new Recorder(parts);
  const found: unknown[] = [];
  const gather = (rows: readonly Row[]) => {
    const builder = new ChunkBuilder(table);
    for (const [series, time, value] of rows) {
      builder.add(table.intern(`m${series}`, {}, "tdouble"), time, value);
    }
    return batchOf(recorder, builder.build(new Receipt(rows.length, ignore, ignore)));
  };
  const ahead = gathers === "ahead" ? given.map(gather) : [];
  for (const [place, rows] of given.entries()) {
    const { states, touched, written } = await recorder.record(ahead[place] ?? gather(rows));
    await written;
    const { series, start, floats, length } = states;
    found.push(
      [...series.subarray(0, length)],
      hexOf(start.subarray(0, length)),
      hexOf(floats.subarray(0, length * floatStateWidth)),
      touched.map((one) => [one.series, hexOf(one.time)]),
    );
  }
  const everything = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
  const all = Array.from({ length: table.size }, (_, index) => ({ series: table.at(index), ...everything }));
  for (const points of await store.readObservations(all)) {
    found.push(hexOf(points.time), hexOf(points.values as Float64Array));
  }
  return found;
}

function hexOf({ buffer, byteOffset, byteLength }: Float64Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString("hex");
}

function ignore(): void {}
