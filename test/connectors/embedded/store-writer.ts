// Run by the crash test: writes without end, and prints each number once it is durable.
import { writeSync } from "node:fs";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";

const [path = "", first = "0"] = process.argv.slice(2);
const store = await openEmbeddedStore(path);
const table = new SeriesTable();
const several = Array.from({ length: 5 }, (_, i) => table.intern("m", { i: `${i}` }, "tdouble"));

for (let number = Number(first); ; number++) {
  const time = Float64Array.from({ length: 10 }, (_, i) => number * 10 + i);
  const start = Float64Array.of(number);
  await store.write({
    observations: several.map((series) => ({ series, points: { time, values: time.slice().fill(number) } })),
    states: several.map((series) => ({ series, period: "1m", rows: { start, floats: Float64Array.of(number) } })),
  });
  writeSync(1, `${number}\n`);
}
