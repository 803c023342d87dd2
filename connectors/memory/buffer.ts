import { defineBuffer } from "../../blocks/model/component.ts";
import { byteSize, duration, integer, record } from "../../config/declare.ts";
import { MemoryBuffer } from "./memory-buffer.ts";

const settings = record({
  partitions: integer("Parts that are read independently; a series is always in the same one.", {
    min: 1,
    max: 1024,
    default: 1,
  }),
  retention: duration(
    "How long data points are kept, from their entry on, once everything made from them is at rest, so that `millrace replay` can read them again. Without it they are removed at once.",
    { optional: true, example: "10 minutes" },
  ),
  retention_bytes: byteSize("Most memory for what is kept for `retention`; beyond it the oldest go.", {
    default: "64 MiB",
  }),
  max_rows: integer("It is full beyond this number of data points.", { min: 1, default: 1_000_000 }),
});

export const memoryBuffer = defineBuffer({
  type: "memory",
  summary: "Keeps data points in memory: what is in it is lost when the process ends.",
  durable: false,
  settings,
  open: async ({ partitions, max_rows, retention = 0, retention_bytes }, { clock }) => {
    const kept = { ms: retention, bytesMax: retention_bytes };
    return new MemoryBuffer({ partitions, rowsMax: max_rows, retention: kept }, clock);
  },
});
