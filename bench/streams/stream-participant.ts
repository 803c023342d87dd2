import type { Participant } from "../workload.ts";
import { Observations } from "./observation.ts";
import { StreamTally } from "./tally.ts";

/** Sends all observations through a stream, and tells the tally of what comes out. */
export type StreamRun = (elements: Observations, tally: StreamTally) => Promise<void>;

/** @param warm Called once a process, before anything is timed. */
export function streamParticipant(name: string, warm: () => Promise<StreamRun>): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const elements = new Observations(rows, seed);
      const stream = await warm();
      return {
        async prepare() {
          const tally = new StreamTally(rows);
          const run = () => stream(elements, tally);
          return { elements: rows, oneThread: true, run, finish: async () => tally.checksum };
        },
      };
    },
  };
}
