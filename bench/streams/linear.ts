import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { bufferCount, filter, from, map } from "rxjs";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import { inSeconds, isKept, type Observation, scaled } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { streamParticipant } from "./stream-participant.ts";
import type { StreamTally } from "./tally.ts";

const groupSize = 1_000;

/**
 * W1: observation objects through map, filter (three of four stay), map, grouped(1000) to a sink, element by element in every
 * participant. The subject has supervision and metrics on: a decider looks after each stage, and a monitor stands before the
 * sink. A further peer is the subject without both.
 */
export const linear: Workload = {
  name: "w1",
  rowsDefault: 2_000_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return async (elements, tally) => {
      const source = Source.from(elements).map(scaled).filter(isKept).map(inSeconds).grouped(groupSize);
      const watched = source.withSupervision(dropping).monitor(Keep.left);
      await finished(watched.toMat(Sink.foreach(addLast(tally)), Keep.right), system);
    };
  }),
  peers: [
    streamParticipant("rxjs", async () => {
      await warmRxjs();
      return async (elements, tally) => {
        from(elements)
          .pipe(map(scaled), filter(isKept), map(inSeconds), bufferCount(groupSize))
          .subscribe(addLast(tally));
      };
    }),
    streamParticipant("node:stream", async () => {
      await warmNodeStreams();
      return async (elements, tally) => {
        const kept = transform<Observation>((element) => (isKept(element) ? element : undefined));
        const stages = [transform(scaled), kept, transform(inSeconds), gathering()] as const;
        await pipeline(Readable.from(elements), ...stages, writable(addLast(tally)));
      };
    }),
    streamParticipant("millrace, unsupervised", async () => {
      const system = await warmEngine();
      return async (elements, tally) => {
        const source = Source.from(elements).map(scaled).filter(isKept).map(inSeconds).grouped(groupSize);
        await finished(source.toMat(Sink.foreach(addLast(tally)), Keep.right), system);
      };
    }),
  ],
};

/** What a group comes to: its last value. */
function addLast(tally: StreamTally): (group: readonly Observation[]) => void {
  return (group) => tally.add(group.at(-1)?.value ?? 0);
}

function gathering(): Transform {
  let group: Observation[] = [];
  return new Transform({
    objectMode: true,
    transform(element: Observation, _encoding, done) {
      group.push(element);
      if (group.length < groupSize) return done();
      const full = group;
      group = [];
      done(null, full);
    },
    flush(done) {
      done(null, group.length > 0 ? group : undefined);
    },
  });
}
