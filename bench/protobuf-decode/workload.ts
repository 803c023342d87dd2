import type { Workload } from "../workload.ts";
import { intoColumns } from "./columns.ts";
import { intoObjects } from "./protobufjs.ts";

/**
 * Data:   five million data points of 1,000 series in Protobuf messages of 1,000 points each.
 * Result: every message decoded: by the engine into columns under interned series, by protobufjs into its objects.
 * Checks: the count of points, and the sums of times and values.
 */
export const protobufDecode: Workload = {
  name: "protobuf-decode",
  rowsDefault: 5_000_000,
  subject: intoColumns(1_000),
  peers: [intoObjects(1_000)],
};

/** A million of them in messages of one point each, from one sensor after the other, in the same order each time. */
export const protobufDecodeOne: Workload = {
  name: "protobuf-decode-one",
  rowsDefault: 1_000_000,
  subject: intoColumns(1),
  peers: [intoObjects(1)],
};
