import type { Column } from "../../../blocks/model/columns.ts";
import type { Store } from "../../../blocks/model/store.ts";

/** Everything that a store holds, a line a row, numbers and states to the last bit. */
export async function storedTable(store: Store, keys: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  for (const series of await store.find({ tags: new Map() })) {
    const all = { series, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    const name = `${series.type} ${series.canonical}`;
    for (const { time, values } of await store.readObservations([all])) {
      for (const [row, at] of time.entries()) lines.push(`${name} raw ${at} ${valueBits(values, row)}`);
    }
    for (const key of keys) {
      for (const { start, floats, bytes } of await store.readStates(key, [all])) {
        const width = (floats?.length ?? 0) / start.length;
        for (const [row, at] of start.entries()) {
          const numbers = hex(floats?.slice(row * width, (row + 1) * width) ?? new Float64Array(0));
          lines.push(`${name} ${key} ${at} ${numbers} ${Buffer.from(bytes?.[row] ?? []).toString("latin1")}`);
        }
      }
    }
  }
  return lines;
}

function valueBits(values: Column, row: number): string {
  if (values instanceof Float64Array) return hex(values.slice(row, row + 1));
  const value: unknown = values[row];
  return typeof value === "bigint" ? String(value) : JSON.stringify(value);
}

function hex(floats: Float64Array): string {
  return Buffer.from(floats.buffer, floats.byteOffset, floats.byteLength).toString("hex");
}
