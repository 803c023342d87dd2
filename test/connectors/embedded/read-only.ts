// Run by a test: reads a store as the command line does, and prints what it found.
import { createInterface } from "node:readline";
import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";

const store = await openEmbeddedStore(process.argv[2] ?? "", { readOnly: true });
const lines = createInterface(process.stdin);
for await (const _ of lines) {
  const series = await store.find({ tags: new Map() });
  const ranges = series.map((one) => ({ series: one, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY }));
  const points = await store.readObservations(ranges);
  const states = await store.readStates("1m", ranges);
  const counts = points.map(({ time }, i) => `${time.length}+${states[i]?.start.length}`);
  process.stdout.write(`${series.map(({ canonical }, i) => `${canonical}=${counts[i]}`).join(" ")}\n`);
}
await store.close();
