import { Observable } from "rxjs";
import type { SensorRows } from "./sensor-rows.ts";

/** One row as an object, as a decoder would make it. */
export interface SensorObservation {
  readonly series: number;
  readonly time: number;
  readonly value: number;
}

/** The rows as objects, synchronously; making them is part of the work, as it is where anything is decoded. */
export function observations({ length, series, time, values }: SensorRows): Observable<SensorObservation> {
  return new Observable((subscriber) => {
    for (let row = 0; row < length; row += 1) {
      subscriber.next({
        series: series[row] as number,
        time: time[row] as number,
        value: values[row] as number,
      });
    }
    subscriber.complete();
  });
}
