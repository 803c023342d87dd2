import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { from, map } from "rxjs";
import type { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import type { Observation, Observations } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { streamParticipant } from "./stream-participant.ts";
import type { StreamTally } from "./tally.ts";

/** Change nothing: what is left is the cost of a stage. */
const stages = [
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
  (element: Observation) => element,
] as const;

const bare = "millrace, no stages";

/**
 * Observation objects through five stages, with supervision and metrics on: a decider looks after each, and a monitor stands before
 * the sink. One peer is the subject without the stages; what an element takes longer than there, divided by five, is the cost of a
 * stage: `ns_per_stage`.
 */
export const stageCost: Workload = {
  name: "stage-cost",
  rowsDefault: 2_000_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return (elements, tally) => runThrough(stages, elements, tally, system);
  }),
  peers: [
    streamParticipant(bare, async () => {
      const system = await warmEngine();
      return (elements, tally) => runThrough([], elements, tally, system);
    }),
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
  figures: (subjectRate, peerRate, peer) =>
    peer === bare ? { ns_per_stage: (1e9 / subjectRate - 1e9 / peerRate) / stages.length } : {},
};

async function runThrough(
  through: readonly ((element: Observation) => Observation)[],
  elements: Observations,
  tally: StreamTally,
  system: ActorSystem,
): Promise<void> {
  const source = through.reduce((stream, stage) => stream.map(stage), Source.from(elements));
  const watched = source.withSupervision(dropping).monitor(Keep.left);
  const sink = Sink.foreach<Observation>(({ value }) => tally.add(value));
  await finished(watched.toMat(sink, Keep.right), system);
}
