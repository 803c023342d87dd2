import { defineBuffer } from "../../blocks/model/component.ts";
import { integer, record } from "../../config/declare.ts";
import { MemoryBuffer } from "./memory-buffer.ts";

const settings = record({
  partitions: integer("Parts that are read independently; a series is always in the same one.", {
    min: 1,
    max: 1024,
    default: 1,
  }),
  max_rows: integer("It is full beyond this number of data points.", { min: 1, default: 1_000_000 }),
});

export const memoryBuffer = defineBuffer({
  type: "memory",
  summary: "Keeps data points in memory: what is in it is lost when the process ends.",
  durable: false,
  settings,
  open: async ({ partitions, max_rows }, { clock }) => new MemoryBuffer({ partitions, rowsMax: max_rows }, clock),
});
