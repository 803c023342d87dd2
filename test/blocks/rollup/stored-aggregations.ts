import type { Period } from "../../../blocks/model/period.ts";
import type { Aggregation } from "../../../blocks/model/aggregation.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import type { Store } from "../../../blocks/model/store.ts";
import { builtInDerivators, namedDerivators } from "../../../blocks/derivators/catalogue.ts";
import { aggregationsOf } from "../../../blocks/rollup/aggregations.ts";
import { DerivatorSets } from "../../../blocks/rollup/derivator-set.ts";
import { StateTable } from "../../../blocks/rollup/state-table.ts";

/** The published values of every stored bucket of a period, by metric and start. */
export async function storedAggregations(store: Store, period: Period): Promise<Map<string, Aggregation[]>> {
  const sets = new DerivatorSets([...builtInDerivators, ...namedDerivators]);
  const table = new SeriesTable();
  const states = new StateTable();
  for (const { metric, tagset, type } of await store.find({ tags: new Map() })) {
    const series = table.intern(metric, tagset, type);
    const set = sets.of(type);
    const all = { series, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY };
    for (const { start, floats, bytes } of await store.readStates(period.key, [all])) {
      const width = (floats?.length ?? 0) / start.length;
      for (const [row, at] of start.entries()) {
        const others = set.empty ? undefined : set.decode(bytes?.[row] ?? new Uint8Array(0));
        const place = states.append(series.index, at, others);
        if (floats !== undefined) states.floats.set(floats.subarray(row * width, (row + 1) * width), place * width);
      }
    }
  }
  const found = new Map<string, Aggregation[]>();
  for (const aggregation of aggregationsOf(states, period, table, sets)) {
    const key = `${aggregation.series.metric} ${aggregation.bucket}`;
    found.set(key, [...(found.get(key) ?? []), aggregation]);
  }
  return found;
}
