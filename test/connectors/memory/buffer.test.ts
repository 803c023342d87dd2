import { MemoryBuffer } from "../../../connectors/memory/memory-buffer.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { bufferConformance } from "../../conformance/buffer.ts";

bufferConformance("memory", async ({ partitions, rowsMax, retention }) => {
  const buffer = new MemoryBuffer({ partitions, rowsMax, ...(retention && { retention }) }, systemClock);
  return { buffer, reopen: async () => undefined, dispose: () => buffer.close() };
});
