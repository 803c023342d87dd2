import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { EMPTY, expand, filter, from, map, of, Subject } from "rxjs";
import { Flow } from "../../runtime/streams/flow.ts";
import { GraphDSL } from "../../runtime/streams/graph-dsl.ts";
import { MergePreferred } from "../../runtime/streams/junctions/merge-preferred.ts";
import { Partition } from "../../runtime/streams/junctions/partition.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import type { Workload } from "../workload.ts";
import { dropping, finished, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import type { Observation } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { streamParticipant } from "./stream-participant.ts";

const rounds = 3;

/** An observation under way, and how often it went round. */
interface Round extends Observation {
  readonly round: number;
}

function begun({ series, time, value }: Observation): Round {
  return { series, time, value, round: 0 };
}

function goneRound({ series, time, value, round }: Round): Round {
  return { series, time, value: value * 0.5 + 1, round: round + 1 };
}

function isDone({ round }: Round): boolean {
  return round === rounds;
}

/** Elements that wait on the way back at most. */
const loopMax = 16;

/**
 * W5: each observation goes three times round a loop. The subject prefers what is on it to what is new. The stream ends when as many
 * have left the loop as there are. Supervision and metrics are on: a decider looks after the stages that map, and a monitor stands
 * before the sink. The loop of streams of Node takes in a new element where fewer than 16 are on it; RxJS recurses and has no bound.
 */
export const loop: Workload = {
  name: "w5",
  rowsDefault: 2_000_000,
  subject: streamParticipant("millrace", async () => {
    const system = await warmEngine();
    return async (elements, tally) => {
      const all = Flow.of<Round>().take(tally.rows).monitor(Keep.left);
      const sink = all.toMat(
        Sink.foreach<Round>(({ value }) => tally.add(value)),
        Keep.right,
      );
      const graph = GraphDSL.create({ sink }, (builder, shapes): undefined => {
        const source = builder.add(Source.from(elements).map(begun).withSupervision(dropping));
        const entry = builder.add(new MergePreferred<Round>(1));
        const step = builder.add(Flow.of<Round>().map(goneRound).withSupervision(dropping));
        const exit = builder.add(new Partition<Round>(2, (element) => (isDone(element) ? 1 : 0), true));
        const [again, fresh] = entry.ins;
        const [back, out] = exit.outs;
        if (again === undefined || fresh === undefined || back === undefined || out === undefined) return;
        builder.connect(source.out, fresh);
        builder.connect(entry.out, step.in);
        builder.connect(step.out, exit.in);
        builder.connect(back, again);
        builder.connect(out, shapes.sink.in);
      });
      await finished(
        graph.mapMaterializedValue((parts) => parts.sink),
        system,
      );
    };
  }),
  peers: [
    streamParticipant("node:stream", async () => {
      await warmNodeStreams();
      return async (elements, tally) => {
        const source = Readable.from(elements);
        const ring = transform(goneRound);
        let inside = 0;
        const fill = () => {
          while (inside < loopMax) {
            const element: Observation | null = source.read();
            if (element === null) break;
            inside += 1;
            ring.write(begun(element));
          }
          if (inside === 0 && source.readableEnded) ring.end();
        };
        source.on("readable", fill).on("end", fill);
        const exit = new Transform({
          objectMode: true,
          transform(element: Round, _encoding, done) {
            if (!isDone(element)) ring.write(element);
            else {
              inside -= 1;
              this.push(element);
              fill();
            }
            done();
          },
        });
        await pipeline(
          ring,
          exit,
          writable<Round>(({ value }) => tally.add(value)),
        );
      };
    }),
    streamParticipant("rxjs Subject", async () => {
      await warmRxjs();
      return async (elements, tally) => {
        const entry = new Subject<Round>();
        entry.pipe(map(goneRound)).subscribe((element) => {
          if (isDone(element)) tally.add(element.value);
          else entry.next(element);
        });
        from(elements).pipe(map(begun)).subscribe(entry);
      };
    }),
    streamParticipant("rxjs expand", async () => {
      await warmRxjs();
      return async (elements, tally) => {
        const again = expand((element: Round) => (isDone(element) ? EMPTY : of(goneRound(element))));
        from(elements)
          .pipe(map(begun), again, filter(isDone))
          .subscribe(({ value }) => tally.add(value));
      };
    }),
  ],
};
