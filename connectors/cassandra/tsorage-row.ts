import type { types } from "cassandra-driver";
import { checkerOf, ValueFault } from "../../blocks/model/value.ts";
import type { Position2d } from "../../blocks/model/data-type.ts";

/** The columns of TSorage's table `observations`, each of a type of its own in the keyspace. */
export const tsorageColumns = [
  "value_tdouble",
  "value_tlong",
  "value_ttext",
  "value_tbool",
  "value_tbinary",
  "value_pos2d",
] as const;

export interface TsoragePoint {
  readonly type: string;
  /** As it lies in a column of the type. */
  readonly value: unknown;
}

/**
 * The data points of one row: a metric whose type changed has a value of each at one instant, and both are data.
 *
 * @returns faults as sentences, for values that no column of ours holds.
 */
export function pointsOfRow(row: types.Row): { points: TsoragePoint[]; faults: string[] } {
  const points: TsoragePoint[] = [];
  const faults: string[] = [];
  for (const column of tsorageColumns) {
    const stored = row[column] as Record<string, unknown> | null | undefined;
    if (stored === null || stored === undefined) continue;
    const type = column.slice("value_".length);
    const value = columnValue(type, stored);
    if (value instanceof ValueFault) faults.push(value.reason);
    else points.push({ type, value });
  }
  return { points, faults };
}

function columnValue(type: string, stored: Record<string, unknown>): unknown {
  const check = checkerOf(type);
  const { value } = stored;
  if (type === "pos2d") {
    const { latitude, longitude } = stored as unknown as Position2d;
    return check?.({ latitude, longitude });
  }
  // The check takes base64, and the driver has the bytes already.
  if (type === "tbinary" && value instanceof Uint8Array) return new Uint8Array(value);
  return check?.(value);
}
