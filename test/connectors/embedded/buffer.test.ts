import { type DiskBuffer, openDiskBuffer } from "../../../connectors/embedded/disk-buffer.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { bufferConformance } from "../../conformance/buffer.ts";
import { temporaryFolder } from "./temporary-folder.ts";

bufferConformance("disk", async ({ partitions, rowsMax, table, retention }) => {
  const folder = await temporaryFolder();
  const kept = retention === undefined ? {} : { retention };
  const options = { partitions, rowsMax, bytesMax: 2 ** 30, seriesMax: 1000, ...kept };
  let buffer: DiskBuffer = await openDiskBuffer(folder.path, options, { clock: systemClock, table });
  return {
    buffer,
    reopen: async (other) => {
      await buffer.close();
      buffer = await openDiskBuffer(folder.path, options, { clock: systemClock, table: other });
      return buffer;
    },
    dispose: async () => {
      await buffer.close();
      await folder.remove();
    },
  };
});
