// @ts-check
import { defineDerivator, duration, record } from "millrace/plugin";

/**
 * Power × time of the stretch between the first and the last data point of a bucket, and what joins it to its neighbours.
 *
 * @typedef {{ firstTime: number, first: number, lastTime: number, last: number, area: number } | undefined} State in kW and ms
 */

/**
 * Kilowatt-hours from samples of power in kilowatts, however irregular they are.
 *
 * Between two samples power goes in a straight line (the trapezoidal rule). A bucket sees only its own samples, so to its start it takes
 * the first one as constant, and to its end the last one: each instant between two samples counts in exactly one bucket. Time that is
 * further than `gap` from the next sample was not measured, and counts nothing.
 */
export const energy = defineDerivator({
  name: "energy",
  summary: "Kilowatt-hours of power in kilowatts.",
  settings: record({ gap: duration("Longest time between two samples that counts.", { default: "1 hour" }) }),
  configure: ({ gap }) => ({
    appliesTo: (type) => type === "tdouble",
    resultType: () => "tdouble",
    seed: () => /** @type {State} */ (undefined),
    add(state, { time, values }, from, to) {
      for (let row = from; row < to; row += 1) {
        const [at, power] = [Number(time[row]), Number(values[row])];
        state = join(state, { firstTime: at, first: power, lastTime: at, last: power, area: 0 }, gap);
      }
      return state;
    },
    merge: (earlier, later) => join(earlier, later, gap),
    result(state, bucket) {
      if (state === undefined || bucket === undefined) return undefined;
      const toStart = state.firstTime - bucket.start;
      const toEnd = bucket.end - state.lastTime;
      const borders = (toStart <= gap ? state.first * toStart : 0) + (toEnd <= gap ? state.last * toEnd : 0);
      return (state.area + borders) / millisecondsPerHour;
    },
    encode(state) {
      if (state === undefined) return new Uint8Array(0);
      const { firstTime, first, lastTime, last, area } = state;
      return new Uint8Array(Float64Array.of(firstTime, first, lastTime, last, area).buffer);
    },
    decode(bytes) {
      if (bytes.length === 0) return undefined;
      const [firstTime = 0, first = 0, lastTime = 0, last = 0, area = 0] = new Float64Array(bytes.slice().buffer);
      return { firstTime, first, lastTime, last, area };
    },
  }),
});

const millisecondsPerHour = 3_600_000;

/**
 * Two neighbouring parts, with the trapezoid between them.
 *
 * @param {State} earlier
 * @param {State} later
 * @param {number} gap
 * @returns {State}
 */
function join(earlier, later, gap) {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  const ms = later.firstTime - earlier.lastTime;
  const between = ms <= gap ? ((earlier.last + later.first) / 2) * ms : 0;
  return { ...later, firstTime: earlier.firstTime, first: earlier.first, area: earlier.area + between + later.area };
}
