import { kafkaBuffer } from "../../../connectors/kafka/buffer.ts";
import type { SeriesTable } from "../../../blocks/model/series.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { silentLog } from "../../../runtime/log.ts";
import { bufferConformance } from "../../conformance/buffer.ts";
import { withServer } from "../../with-server.ts";
import { adminOf, nodesOf } from "./kafka-topic.ts";

let buffers = 0;

for (const name of ["kafka", "kafka-4"]) {
  await withServer(name, `Buffers of ${name}`, (kafka) => {
    bufferConformance(
      name,
      async ({ partitions, rowsMax, table, retention }) => {
        const topic = `buffer-${process.pid}-${Date.now()}-${++buffers}`;
        const kept = retention && { retention: `${retention.ms} ms`, retention_bytes: `${retention.bytesMax} B` };
        const given = { topic, nodes: nodesOf(kafka), partitions, max_rows: rowsMax, ...kept };
        const open = (known: SeriesTable) =>
          kafkaBuffer.open(kafkaBuffer.settings.parse(given), {
            ...{ graph: "test", node: "raw", clock: systemClock, log: silentLog },
            table: known,
          });
        let buffer = await open(table);
        return {
          buffer,
          reopen: async (other) => {
            await buffer.close();
            buffer = await open(other);
            return buffer;
          },
          dispose: async () => {
            await buffer.close();
            const admin = adminOf(kafka);
            await admin.connect();
            await admin.deleteGroups([`${topic}.a`, `${topic}.b`]).catch(() => {});
            await admin.deleteTopics({ topics: [topic] });
            await admin.disconnect();
          },
        };
      },
      { runs: 3 },
    );
  });
}
