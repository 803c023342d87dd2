// Run by the crash test: appends and commits without end, and prints each number or position once it is durable.
import { writeSync } from "node:fs";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { openDiskBuffer } from "../../../connectors/embedded/disk-buffer.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { Receipt, Tally } from "../../../runtime/receipt.ts";

const [path = "", first = "0"] = process.argv.slice(2);
const table = new SeriesTable();
const options = { partitions: 1, rowsMax: 1e9, bytesMax: 1e9, seriesMax: 100 };
const buffer = await openDiskBuffer(path, options, { clock: systemClock, table });
const ignore = () => {};

function chunk(number: number): ObservationChunk {
  const index = table.intern("m", {}, "tdouble").index;
  const columns = {
    series: new Uint32Array(3).fill(index),
    time: Float64Array.of(3 * number, 3 * number + 1, 3 * number + 2),
    values: new Float64Array(3).fill(number),
  };
  return new ObservationChunk(table, "float", 3, columns, new Receipt(3, ignore, ignore));
}

async function append(start: number): Promise<never> {
  for (let number = start; ; number += 4) {
    await Promise.all(
      [0, 1, 2, 3].map(async (i) => {
        await buffer.append([chunk(number + i)]);
        writeSync(1, `appended ${number + i}\n`);
      }),
    );
  }
}

async function commit(): Promise<never> {
  const reader = buffer.reader("mover", 0);
  for (;;) {
    const record = reader.read();
    if (record === undefined) {
      await new Promise<void>((resolve) => reader.onRecord(resolve));
      continue;
    }
    const settled = new Tally();
    settled.entered = record.rows;
    settled.durable = record.rows;
    await reader.commit(record.position, settled);
    writeSync(1, `committed ${record.position}\n`);
  }
}

// Commits nothing, so that every record stays and can be looked at after the crash.
buffer.reader("keeper", 0);
await Promise.all([append(Number(first)), commit()]);
