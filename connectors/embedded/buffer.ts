import { defineBuffer } from "../../blocks/model/component.ts";
import { byteSize, duration, integer, path, record } from "../../config/declare.ts";
import { openDiskBuffer } from "./disk-buffer.ts";
import { readOwner } from "./folder-lock.ts";

const settings = record({
  path: path("Folder of the buffer; made if it is not there. One engine owns it at a time."),
  partitions: integer("Parts that are read independently; a series is always in the same one.", {
    min: 1,
    max: 1024,
    default: 1,
  }),
  max_bytes: byteSize("It is full beyond this size of its records.", { default: "1 GiB" }),
  retention: duration(
    "How long data points are kept, from their entry on, once everything made from them is durable, so that `millrace replay` can read them again. Without it they are removed at once.",
    { optional: true, example: "7 days" },
  ),
  retention_bytes: byteSize("Most bytes of records that are kept for `retention`; beyond it the oldest go.", {
    default: "10 GiB",
  }),
  max_rows: integer("It is full beyond this number of data points.", { min: 1, default: 50_000_000 }),
  series_max: integer("Most series that it remembers; each takes some 250 bytes of memory.", {
    min: 1,
    max: 100_000_000,
    default: 1_000_000,
  }),
});

export const diskBuffer = defineBuffer({
  type: "disk",
  summary: "Keeps data points in a folder of this machine until everything made from them is durable.",
  durable: true,
  settings,
  open: ({ path, partitions, ...given }, { clock, table }) => {
    const retention = { ms: given.retention ?? 0, bytesMax: given.retention_bytes };
    const limits = { bytesMax: given.max_bytes, rowsMax: given.max_rows, seriesMax: given.series_max };
    return openDiskBuffer(path, { partitions, ...limits, retention }, { clock, table });
  },
  engineAddress: async ({ path }) => (await readOwner(path))?.address,
});
