import { PassThrough, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Effect, Stream } from "effect";
import { connect, from, lastValueFrom, map, merge, tap } from "rxjs";
import { GraphDSL } from "../../runtime/streams/graph-dsl.ts";
import { Broadcast } from "../../runtime/streams/junctions/broadcast.ts";
import { Merge } from "../../runtime/streams/junctions/merge.ts";
import { Flow } from "../../runtime/streams/flow.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { warmEffect } from "./effect.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import { inSeconds, type Observation, scaled } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { streamParticipant } from "./stream-participant.ts";

const changes = [
  scaled,
  inSeconds,
  ({ series, time, value }: Observation): Observation => ({ series: series + 1, time, value }),
] as const;

/**
 * W4: each observation to three branches that change it, and what comes of them joined as it comes. The subject has supervision
 * and metrics on: a decider looks after the stages of the branches, and a monitor stands before the sink.
 */
export const branches: Workload = {
  name: "w4",
  rowsDefault: 500_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return async (elements, tally) => {
      const last = Sink.foreach<Observation>(({ value }) => tally.add(value));
      const sink = Flow.of<Observation>().monitor(Keep.left).toMat(last, Keep.right);
      const graph = GraphDSL.create({ sink }, (builder, shapes): undefined => {
        const source = builder.add(Source.from(elements));
        const broadcast = builder.add(new Broadcast<Observation>(changes.length));
        const joined = builder.add(new Merge<Observation>(changes.length));
        builder.connect(source.out, broadcast.in);
        changes.forEach((change, index) => {
          const branch = builder.add(Flow.of<Observation>().map(change).withSupervision(dropping));
          const [outlet, inlet] = [broadcast.outs[index], joined.ins[index]];
          if (outlet !== undefined) builder.connect(outlet, branch.in);
          if (inlet !== undefined) builder.connect(branch.out, inlet);
        });
        builder.connect(joined.out, shapes.sink.in);
      });
      await finished(
        graph.mapMaterializedValue((parts) => parts.sink),
        system,
      );
    };
  }),
  peers: [
    streamParticipant("effect", async () => {
      await warmEffect();
      return (elements, tally) => {
        const joined = Effect.gen(function* () {
          const source = Stream.fromIterable(elements);
          const copies = yield* source.pipe(Stream.broadcastN({ n: changes.length, capacity: 16 }));
          const changed = copies.map((copy, index) => copy.pipe(Stream.map(changes[index] ?? scaled)));
          const add = ({ value }: Observation) => Effect.sync(() => tally.add(value));
          yield* Stream.mergeAll(changed, { concurrency: "unbounded" }).pipe(Stream.runForEach(add));
        });
        return Effect.runPromise(Effect.scoped(joined));
      };
    }),
    streamParticipant("rxjs", async () => {
      await warmRxjs();
      return async (elements, tally) => {
        const joined = connect<Observation, ReturnType<typeof merge<Observation[]>>>((shared) =>
          merge(...changes.map((change) => shared.pipe(map(change)))),
        );
        await lastValueFrom(
          from(elements).pipe(
            joined,
            tap(({ value }) => tally.add(value)),
          ),
        );
      };
    }),
    streamParticipant("node:stream", async () => {
      await warmNodeStreams();
      return async (elements, tally) => {
        const source = Readable.from(elements);
        const joined = new PassThrough({ objectMode: true });
        let open = changes.length;
        for (const change of changes) {
          const branch = source.pipe(transform(change));
          branch.pipe(joined, { end: false });
          branch.on("end", () => {
            open -= 1;
            if (open === 0) joined.end();
          });
        }
        await pipeline(
          joined,
          writable<Observation>(({ value }) => tally.add(value)),
        );
      };
    }),
  ],
};
