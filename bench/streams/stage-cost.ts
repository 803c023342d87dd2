import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from, map } from "rxjs";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { finished, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import type { Observation } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { streamParticipant } from "./stream-participant.ts";

/** Five stages that change nothing: what is left is the cost of a stage, a fifth of the time of an element and less. */
const stages = [
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
] as const;

export const stageCost: Workload = {
  name: "stage-cost",
  rowsDefault: 2_000_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return async (elements, tally) => {
      const source = stages.reduce((stream, stage) => stream.map(stage), Source.from(elements));
      const sink = Sink.foreach<Observation>(({ value }) => tally.add(value));
      await finished(source.toMat(sink, Keep.right), system);
    };
  }),
  peers: [
    streamParticipant("rxjs", async () => {
      await warmRxjs();
      return async (elements, tally) => {
        const [first, second, third, fourth, fifth] = stages;
        from(elements)
          .pipe(map(first), map(second), map(third), map(fourth), map(fifth))
          .subscribe(({ value }) => tally.add(value));
      };
    }),
    streamParticipant("node:stream", async () => {
      await warmNodeStreams();
      return async (elements, tally) => {
        const take = writable<Observation>(({ value }) => tally.add(value));
        await pipeline([Readable.from(elements), ...stages.map((stage) => transform(stage)), take]);
      };
    }),
  ],
};
