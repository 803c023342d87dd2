import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { filter, map, Subject } from "rxjs";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { Keep } from "../../runtime/streams/keep.ts";
import { Sink } from "../../runtime/streams/sink.ts";
import { Source } from "../../runtime/streams/source.ts";
import { sensorRows } from "../sensor-rows.ts";
import type { Participant, Workload } from "../workload.ts";
import { type Arrivals, arrive } from "./arrivals.ts";
import { dropping, warmEngine } from "./engine.ts";
import { transform, warmNodeStreams, writable } from "./node-stream.ts";
import { isKept, type Observation, scaled } from "./observation.ts";
import { warmRxjs } from "./rxjs.ts";
import { StreamTally } from "./tally.ts";

/** Elements that wait for a stream at most; those that come then wait outside, and their time goes on. */
const queueMax = 4_096;

/** The entrance of a stream that runs. */
interface Running {
  /** @returns whether it was taken; if not it comes again. */
  offer(element: Observation): boolean;
  /** Nothing follows; resolves when all has come out. */
  end(): Promise<void>;
}

type Start = (take: (element: Observation) => void) => Running;

/**
 * How long an element is under way through map, filter (three of four stay), map to a sink: from the moment at which it was due to
 * the moment at which the sink has it. Due times are fixed before the run (an open loop), so that a stream that is late does not
 * put off what it is measured by; what comes due while it is late counts as late. Every participant has the same loop of
 * arrivals; the peer "bare call" calls the three functions and the sink from it. The subject has supervision and metrics on.
 */
export function latency(name: string, arrivals: Arrivals): Workload {
  return {
    name,
    rowsDefault: 3 * arrivals.perSecond,
    subject: participant("millrace", arrivals, async () => {
      const system = await warmEngine();
      return (take) => {
        const source = Source.queue<Observation>(queueMax).map(scaled).filter(isKept).map(shifted);
        const watched = source.withSupervision(dropping).monitor(Keep.left);
        const { materialized: queue, done } = watched.to(Sink.foreach(take)).runWatched(system);
        return {
          offer: (element) => queue.offer(element) === "enqueued",
          end: () => {
            queue.complete();
            return done;
          },
        };
      };
    }),
    peers: [
      participant("bare call", arrivals, async () => (take) => ({
        offer(element) {
          const changed = scaled(element);
          if (isKept(changed)) take(shifted(changed));
          return true;
        },
        end: async () => {},
      })),
      participant("node:stream", arrivals, async () => {
        await warmNodeStreams();
        return (take) => {
          const entrance = new PassThrough({ objectMode: true, highWaterMark: queueMax });
          const kept = transform<Observation>((element) => (isKept(element) ? element : undefined));
          const done = pipeline(entrance, transform(scaled), kept, transform(shifted), writable(take));
          return {
            offer(element) {
              if (entrance.writableNeedDrain) return false;
              entrance.write(element);
              return true;
            },
            end: () => {
              entrance.end();
              return done;
            },
          };
        };
      }),
      participant("rxjs", arrivals, async () => {
        await warmRxjs();
        return (take) => {
          const entrance = new Subject<Observation>();
          entrance.pipe(map(scaled), filter(isKept), map(shifted)).subscribe(take);
          return {
            offer(element) {
              entrance.next(element);
              return true;
            },
            end: async () => entrance.complete(),
          };
        };
      }),
    ],
  };
}

/** Its second change. */
function shifted({ series, time, value }: Observation): Observation {
  return { series, time, value: value + 1 };
}

function participant(name: string, arrivals: Arrivals, warm: () => Promise<Start>): Participant {
  return {
    name,
    async open({ rows, seed }) {
      const columns = sensorRows(rows, seed);
      const start = await warm();
      return {
        async prepare() {
          const tally = new StreamTally(rows);
          const lateMs = new Float64Array(rows);
          let taken = 0;
          // The time of an observation is the number of milliseconds after the start at which it is due.
          let startMs = 0;
          const running = start(({ time, value }) => {
            lateMs[taken] = systemClock.monotonic() - startMs - time;
            taken += 1;
            tally.add(value);
          });
          return {
            elements: rows,
            async run() {
              startMs = systemClock.monotonic();
              await arrive(rows, arrivals, startMs, (row, time) =>
                running.offer({ series: columns.series[row] as number, time, value: columns.values[row] as number }),
              );
              await running.end();
            },
            finish: async () => tally.checksum,
            latency() {
              const sorted = lateMs.subarray(0, taken).sort();
              assert(taken > 0, "something must have come out");
              const at = (share: number) => sorted[Math.min(taken - 1, Math.floor(taken * share))] as number;
              return { p50: at(0.5), p99: at(0.99) };
            },
          };
        },
      };
    },
  };
}
