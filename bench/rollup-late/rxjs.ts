import { concat, NEVER, Observable, type OperatorFunction, type Subscription } from "rxjs";
import { type BucketValues, bucketChecksum } from "../bucket-checksum.ts";
import { observations, type SensorObservation } from "../sensor-observations.ts";
import { delayMaxMs, lateSensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";

/**
 * RxJS with a watermark: of each series a map of its open minutes, each with the set of the timestamps that it has seen. A minute
 * is emitted and forgotten once the newest row of the series is 60 s behind its end, so a row that is later would be wrong: the
 * engine takes rows of any age. Nothing is stored.
 */
export const rxjsLate: Participant = {
  name: "rxjs",
  async open({ rows, seed }) {
    const columns = lateSensorRows(rows, seed);
    underWay.push(
      concat(observations(lateSensorRows(300_000, seed + 1)), NEVER)
        .pipe(toMinutes())
        .subscribe(),
    );
    return {
      async prepare() {
        const buckets: BucketValues[] = [];
        const run = async () => {
          observations(columns)
            .pipe(toMinutes())
            .subscribe((bucket) => buckets.push(bucket));
        };
        return { elements: columns.length, oneThread: true, run, finish: async () => bucketChecksum(buckets) };
      },
    };
  },
};

/** As in `rollup`. */
const underWay: Subscription[] = [];

class OpenMinute implements BucketValues {
  readonly seen = new Set<number>();
  count = 0;
  first = 0;
  firstTime = Number.POSITIVE_INFINITY;
  last = 0;
  lastTime = Number.NEGATIVE_INFINITY;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;
  squares = 0;

  add(time: number, value: number): void {
    if (this.seen.has(time)) return;
    this.seen.add(time);
    this.count += 1;
    if (time < this.firstTime) {
      this.firstTime = time;
      this.first = value;
    }
    if (time > this.lastTime) {
      this.lastTime = time;
      this.last = value;
    }
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.sum += value;
    this.squares += value * value;
  }
}

interface OpenSeries {
  readonly minutes: Map<number, OpenMinute>;
  newest: number;
  /** The watermark reaches the end of the oldest open minute here. */
  closesAt: number;
}

function toMinutes(): OperatorFunction<SensorObservation, BucketValues> {
  return (source) =>
    new Observable((subscriber) => {
      const open = new Map<number, OpenSeries>();
      return source.subscribe({
        next({ series, time, value }) {
          let state = open.get(series);
          if (state === undefined) {
            state = { minutes: new Map(), newest: Number.NEGATIVE_INFINITY, closesAt: Number.POSITIVE_INFINITY };
            open.set(series, state);
          }
          const number = Math.floor(time / 60_000);
          let minute = state.minutes.get(number);
          if (minute === undefined) {
            minute = new OpenMinute();
            state.minutes.set(number, minute);
            state.closesAt = Math.min(state.closesAt, endOf(number) + delayMaxMs);
          }
          minute.add(time, value);
          if (time > state.newest) state.newest = time;
          if (state.newest < state.closesAt) return;
          for (const bucket of closed(state)) subscriber.next(bucket);
        },
        complete() {
          for (const { minutes } of open.values()) for (const minute of minutes.values()) subscriber.next(minute);
          subscriber.complete();
        },
      });
    });
}

/** Takes out the minutes behind the watermark. */
function closed(state: OpenSeries): OpenMinute[] {
  const out: OpenMinute[] = [];
  state.closesAt = Number.POSITIVE_INFINITY;
  for (const [number, minute] of state.minutes) {
    const closesAt = endOf(number) + delayMaxMs;
    if (state.newest >= closesAt) {
      state.minutes.delete(number);
      out.push(minute);
    } else state.closesAt = Math.min(state.closesAt, closesAt);
  }
  return out;
}

const endOf = (minute: number) => (minute + 1) * 60_000;
