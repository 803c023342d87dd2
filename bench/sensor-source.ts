import { defineSource } from "../blocks/model/component.ts";
import { record } from "../config/declare.ts";
import { Source } from "../runtime/streams/source.ts";
import { internSensors, sensorChunks } from "./sensor-chunks.ts";
import type { SensorRows } from "./sensor-rows.ts";

/** The source `bench/sensors`, which hands in prepared rows. */
export function sensorSource(rows: SensorRows) {
  return defineSource({
    type: "bench/sensors",
    summary: "Hands in prepared rows.",
    delivery: "at-most-once",
    finite: () => true,
    settings: record({}),
    async open(_settings, { table }) {
      const failed = (error: Error) => {
        throw error;
      };
      return Source.from(sensorChunks(rows, internSensors(table), { settled: () => {}, failed }));
    },
  });
}
