// @ts-check
import { decimal, defineDerivation, defineDerivator, list, record, text } from "millrace/plugin";

const position = (/** @type {string} */ doc) =>
  record({
    latitude: decimal(`Latitude of ${doc}.`, { min: -90, max: 90 }),
    longitude: decimal(`Longitude of ${doc}.`, { min: -180, max: 180 }),
  });

/** @typedef {{ latitude: number, longitude: number }} Position in degrees */
/** @typedef {{ name: string, from: Position, to: Position }} Segment */

/**
 * Where a vehicle is on a segment, as a series of that segment and vehicle. That depends on the one position alone, so it is the same
 * whenever the position comes and however often.
 */
export const roadSegment = defineDerivation({
  name: "road-segment",
  summary: "Positions of vehicles, by the road segment that they are on.",
  settings: record({
    within: decimal("Metres from a segment at which a vehicle is still on it.", { default: 25 }),
    segments: list(
      "The road segments; each a straight line.",
      record({ name: text("Name of the segment."), from: position("its start"), to: position("its end") }),
      { min: 1 },
    ),
  }),
  configure: ({ within, segments }) => ({
    appliesTo: ({ metric, type, tagset }) => metric === "vehicle" && type === "pos2d" && tagset.has("vehicle"),
    *derive({ tagset }, time, value) {
      const segment = nearest(/** @type {Position} */ (value), segments, within);
      if (segment === undefined) return;
      const tags = { vehicle: String(tagset.get("vehicle")), segment: segment.name };
      yield { metric: "vehicle-on-segment", tagset: tags, type: "pos2d", time, value };
    },
  }),
});

/**
 * What is known of the way of a vehicle through a bucket, and what joins it to its neighbours.
 *
 * @typedef {{ metres: number, ms: number, firstTime: number, first: Position, lastTime: number, last: Position } | undefined} Track
 */

/** Two positions further apart are of two passes, and nothing is known of the way between them, ms. */
const gapMs = 60_000;

/** What all three derivators have in common; as the name of their state is one, it is kept once. */
const track = {
  stateName: "track",
  appliesTo: (/** @type {string} */ type) => type === "pos2d",
  resultType: () => "tdouble",
  seed: () => /** @type {Track} */ (undefined),
  /** @type {import("millrace/plugin").DerivatorFunctions<Track>["add"]} */
  add(state, { time, values }, from, to) {
    for (let row = from; row < to; row += 1) {
      const [at, position] = [Number(time[row]), /** @type {Position} */ (values[row])];
      state = join(state, { metres: 0, ms: 0, firstTime: at, first: position, lastTime: at, last: position });
    }
    return state;
  },
  merge: join,
  /** @param {Track} state */
  encode(state) {
    if (state === undefined) return new Uint8Array(0);
    const { metres, ms, firstTime, first, lastTime, last } = state;
    const places = [first.latitude, first.longitude, last.latitude, last.longitude];
    return new Uint8Array(Float64Array.of(metres, ms, firstTime, lastTime, ...places).buffer);
  },
  /** @param {Uint8Array} bytes @returns {Track} */
  decode(bytes) {
    if (bytes.length === 0) return undefined;
    const [metres = 0, ms = 0, firstTime = 0, lastTime = 0, a = 0, b = 0, c = 0, d = 0] = new Float64Array(
      bytes.slice().buffer,
    );
    const [first, last] = [
      { latitude: a, longitude: b },
      { latitude: c, longitude: d },
    ];
    return { metres, ms, firstTime, first, lastTime, last };
  },
};

export const metres = defineDerivator({
  ...track,
  name: "metres",
  summary: "Length of the way through positions that are at most a minute apart.",
  result: (state) => state?.metres,
});

export const seconds = defineDerivator({
  ...track,
  name: "seconds",
  summary: "Time on that way.",
  result: (state) => (state === undefined ? undefined : state.ms / 1_000),
});

export const speed = defineDerivator({
  ...track,
  name: "speed",
  summary: "Mean speed on that way, in km/h.",
  // One position alone has no speed.
  result: (state) => (state === undefined || state.ms === 0 ? undefined : (state.metres / state.ms) * 3_600),
});

/**
 * Two neighbouring parts of a way, with the leg between them.
 *
 * @param {Track} earlier
 * @param {Track} later
 * @returns {Track}
 */
function join(earlier, later) {
  if (earlier === undefined || later === undefined) return earlier ?? later;
  const legMs = later.firstTime - earlier.lastTime;
  const near = legMs <= gapMs;
  return {
    ...later,
    metres: earlier.metres + (near ? distance(earlier.last, later.first) : 0) + later.metres,
    ms: earlier.ms + (near ? legMs : 0) + later.ms,
    firstTime: earlier.firstTime,
    first: earlier.first,
  };
}

/** Mean radius of the earth (IUGG), metres. */
const earthRadius = 6_371_008.8;
const radians = (/** @type {number} */ degrees) => (degrees * Math.PI) / 180;

/** Metres on a great circle, by the haversine. @param {Position} a @param {Position} b */
function distance(a, b) {
  const south = Math.sin(radians(b.latitude - a.latitude) / 2);
  const east = Math.sin(radians(b.longitude - a.longitude) / 2);
  const h = south * south + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * east * east;
  return 2 * earthRadius * Math.asin(Math.sqrt(h));
}

/**
 * The nearest segment; of those that are equally near, as where two meet, the first. A millimetre is no difference: rounding must
 * not decide.
 *
 * @param {Position} position
 * @param {readonly Segment[]} segments
 * @param {number} within
 * @returns {Segment | undefined}
 */
function nearest(position, segments, within) {
  /** @type {Segment | undefined} */
  let found;
  let least = within;
  for (const segment of segments) {
    const metres = distanceTo(segment, position);
    if (metres > least || (found !== undefined && metres > least - 0.001)) continue;
    [found, least] = [segment, metres];
  }
  return found;
}

/**
 * Metres from a position to the nearest point of a segment, on the plane that touches the earth there.
 *
 * @param {Segment} segment
 * @param {Position} at
 */
function distanceTo({ from, to }, at) {
  const metresPerDegree = radians(1) * earthRadius;
  const eastward = metresPerDegree * Math.cos(radians(at.latitude));
  const x = (/** @type {Position} */ place) => (place.longitude - at.longitude) * eastward;
  const y = (/** @type {Position} */ place) => (place.latitude - at.latitude) * metresPerDegree;
  const [dx, dy] = [x(to) - x(from), y(to) - y(from)];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, -(x(from) * dx + y(from) * dy) / length));
  return Math.hypot(x(from) + share * dx, y(from) + share * dy);
}
