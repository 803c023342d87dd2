import assert from "node:assert/strict";
import { floatResult, floatStateWidth } from "../../blocks/derivators/float-state.ts";
import { SeriesTable } from "../../blocks/model/series.ts";
import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import { type Checksum, ExactSum } from "../checksum.ts";
import { internSensors } from "../sensor-chunks.ts";
import { seriesCount } from "../sensor-rows.ts";

/** The rows that an embedded store holds, of which each must be counted in its day. */
export async function storedChecksum(path: string): Promise<Checksum> {
  const store = await openEmbeddedStore(path, { readOnly: true });
  const table = internSensors(new SeriesTable());
  const everything = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const ranges = Array.from({ length: seriesCount }, (_, index) => ({ series: table.at(index), ...everything }));
  const times = new ExactSum();
  const values = new ExactSum();
  let rows = 0;
  for (const range of ranges) {
    const [points] = await store.readObservations([range]);
    points?.time.forEach((time) => {
      times.add(time);
    });
    for (const value of (points?.values ?? []) as Float64Array) values.add(value);
    rows += points?.time.length ?? 0;
  }
  let rolledUp = 0;
  for (const { floats = new Float64Array(0) } of await store.readStates("1d", ranges)) {
    for (let at = 0; at < floats.length; at += floatStateWidth) rolledUp += floatResult(floats, at, "count");
  }
  await store.close();
  assert.equal(rolledUp, rows, "every row must be counted in its day");
  return { counts: { rows }, sums: { times: times.value, values: values.value } };
}
