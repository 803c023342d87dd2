import { concat, NEVER, Observable, type OperatorFunction, type Subscription } from "rxjs";
import { type BucketValues, bucketChecksum } from "../bucket-checksum.ts";
import { observations, type SensorObservation } from "../sensor-observations.ts";
import { sensorRows } from "../sensor-rows.ts";
import type { Participant } from "../workload.ts";

/**
 * RxJS as a good author would write it: one stateful operator over observation objects, a map from series to the state object of
 * its open minute, which is emitted when the next one begins. Rows must be in order; nothing is stored.
 */
export const rxjsInOrder: Participant = {
  name: "rxjs",
  async open({ rows, seed }) {
    const columns = sensorRows(rows, seed);
    underWay.push(
      concat(observations(sensorRows(300_000, seed + 1)), NEVER)
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

/** As beside the engine another graph: what was compiled for the operator stays. */
const underWay: Subscription[] = [];

interface OpenMinute extends BucketValues {
  minute: number;
  count: number;
  first: number;
  last: number;
  min: number;
  max: number;
  sum: number;
  squares: number;
}

function toMinutes(): OperatorFunction<SensorObservation, BucketValues> {
  return (source) =>
    new Observable((subscriber) => {
      const open = new Map<number, OpenMinute>();
      return source.subscribe({
        next({ series, time, value }) {
          const minute = Math.floor(time / 60_000);
          const state = open.get(series);
          if (state === undefined || state.minute !== minute) {
            if (state !== undefined) subscriber.next(state);
            open.set(series, newMinute(minute, value));
            return;
          }
          state.count += 1;
          state.last = value;
          if (value < state.min) state.min = value;
          if (value > state.max) state.max = value;
          state.sum += value;
          state.squares += value * value;
        },
        complete() {
          for (const state of open.values()) subscriber.next(state);
          subscriber.complete();
        },
      });
    });
}

function newMinute(minute: number, value: number): OpenMinute {
  const ends = { first: value, last: value, min: value, max: value };
  return { minute, count: 1, ...ends, sum: value, squares: value * value };
}
