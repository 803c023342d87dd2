import type { Position2d } from "../model/data-type.ts";
import { type Derivator, defineDerivator } from "../model/derivator.ts";

/** The positions farthest south, north, west and east; of equal ones the earliest. */
interface Box {
  south: Position2d;
  north: Position2d;
  west: Position2d;
  east: Position2d;
}

const utf8 = { encode: new TextEncoder(), decode: new TextDecoder() };

/** They share one state. The 180th meridian is a border like any other: a track over it has a box around the world. */
function ofBox(name: string, summary: string, resultType: string, result: (box: Box) => unknown) {
  return defineDerivator<Box | undefined>({
    name,
    stateName: "box",
    summary,
    acrossSeries: true,
    appliesTo: (type) => type === "pos2d",
    resultType: () => resultType,
    seed: () => undefined,
    add(state, { values }, from, to) {
      let box = state;
      for (let row = from; row < to; row += 1) {
        const at = values[row] as Position2d;
        box = joined(box, { south: at, north: at, west: at, east: at });
      }
      return box;
    },
    merge: (earlier, later) => (later === undefined ? earlier : joined(earlier, later)),
    result: (box) => box && result(box),
    encode: (box) => utf8.encode.encode(box === undefined ? "" : JSON.stringify(box)),
    decode: (bytes) => (bytes.length === 0 ? undefined : (JSON.parse(utf8.decode.decode(bytes)) as Box)),
  });
}

function joined(box: Box | undefined, more: Box): Box {
  if (box === undefined) return { ...more };
  return {
    south: more.south.latitude < box.south.latitude ? more.south : box.south,
    north: more.north.latitude > box.north.latitude ? more.north : box.north,
    west: more.west.longitude < box.west.longitude ? more.west : box.west,
    east: more.east.longitude > box.east.longitude ? more.east : box.east,
  };
}

export const minLatitude = ofBox("minlat", "The position farthest south.", "pos2d", ({ south }) => south);
export const maxLatitude = ofBox("maxlat", "The position farthest north.", "pos2d", ({ north }) => north);
export const minLongitude = ofBox("minlong", "The position farthest west.", "pos2d", ({ west }) => west);
export const maxLongitude = ofBox("maxlong", "The position farthest east.", "pos2d", ({ east }) => east);
export const boundingBox = ofBox(
  "bounding_box",
  "The degrees that all positions lie in: south, north, west and east.",
  "bounding_box",
  ({ south, north, west, east }) => ({
    south: south.latitude,
    north: north.latitude,
    west: west.longitude,
    east: east.longitude,
  }),
) as Derivator;
