import { Readable } from "node:stream";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { warmNodeStreams } from "./node-stream.ts";
import { inSeconds, type Observation } from "./observation.ts";
import { streamParticipant } from "./stream-participant.ts";

const parallelism = 8;

/** Changes an observation a turn of the event loop later, as an answer from elsewhere would. */
function later(element: Observation): Promise<Observation> {
  return new Promise((resolve) => {
    setImmediate(() => resolve(inSeconds(element)));
  });
}

/**
 * W3: eight changes under way at once, each a promise that is resolved a turn of the event loop later, whose results come in order.
 * The subject has supervision and metrics on: a decider looks after the stage, and a monitor stands before the sink.
 */
export const asyncMap: Workload = {
  name: "w3",
  rowsDefault: 200_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return async (elements, tally) => {
      const source = Source.from(elements).mapAsync(parallelism, later).withSupervision(dropping).monitor(Keep.left);
      const sink = Sink.foreach<Observation>(({ value }) => tally.add(value));
      await finished(source.toMat(sink, Keep.right), system);
    };
  }),
  peers: [
    streamParticipant("node:stream", async () => {
      await warmNodeStreams();
      return async (elements, tally) => {
        const changed = Readable.from(elements).map(later, { concurrency: parallelism });
        for await (const { value } of changed) tally.add(value);
      };
    }),
  ],
};
