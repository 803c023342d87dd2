import assert from "node:assert/strict";
import fc from "fast-check";
import { expect, test } from "vitest";
import { anyLast } from "../../../blocks/derivators/any-type.ts";
import { longSum } from "../../../blocks/derivators/exact-numbers.ts";
import type { BucketRules } from "../../../blocks/model/bucket-rules.ts";
import type { Points } from "../../../blocks/model/columns.ts";
import type { Derivator } from "../../../blocks/model/derivator.ts";
import { utcDays } from "../../../blocks/model/local-days.ts";
import { type Period, periodOf } from "../../../blocks/model/period.ts";
import type { Store, StoreWrite } from "../../../blocks/model/store.ts";
import { rollupCases } from "./rollup-case.ts";
import { type EngineParts, keysOf, quietRun, roughRun, soundParts } from "./rollup-run.ts";
import { storedTable } from "./stored-table.ts";

/** One seed, so that a verdict is the same at every run; enough cases for the rarest fault, as the first one found is enough. */
const given = { seed: 20_200_229, numRuns: 3_000 };

test("the sound engine passes what the broken ones are tried with", async () => {
  expect(await verdictOn({})).toBe("passes");
});

test.each<[string, Partial<EngineParts>]>([
  ["takes buckets as (start, end]", { period: (label, rules) => shifted(periodOf(label, rules)) }],
  ["takes a month for 30 days", { period: (label, rules) => thirtyDays(label, rules) }],
  ["counts time before 1970 towards zero", { period: (label, rules) => truncating(periodOf(label, rules)) }],
  ["sums tlong as floats", { derivators: replaced(longSum, { add: addAsFloats }) }],
  ["takes the first of the finer lasts", { derivators: replaced(anyLast, { merge: firstOfTwo }) }],
  ["loses the sign of a stored sum", { derivators: replaced(longSum, { decode: decodeWithoutSign }) }],
  ["counts a repeat twice", { seen: (store) => changed(store, { write: besides(store) }) }],
  ["keeps the first value of a timestamp", { seen: (store) => changed(store, { write: firstStands(store) }) }],
  ["reads no points back", { seen: (store) => changed(store, { readObservations: nothingIn(store) }) }],
  ["reads back all but the end of a range", { seen: (store) => changed(store, { readObservations: shortIn(store) }) }],
  ["forgets the hours on restart", { seen: (store) => changed(store, { readStates: forgetting(store, "1h") }) }],
  ["forgets the finest states", { seen: (store) => changed(store, { readStates: forgetting(store, "1m") }) }],
  [
    "takes every series for new on restart",
    {
      seen: (store) =>
        changed(store, { newest: async (all) => new Float64Array(all.length).fill(Number.NEGATIVE_INFINITY) }),
    },
  ],
  ["takes days and months of UTC in every zone", { period: (label, rules) => inUtc(label, rules) }],
  ["leaves the buckets of what was deleted", { seen: (store) => changed(store, { write: keepingBuckets(store) }) }],
  ["forgets rows in the buffer before they are durable", { forgetsEarly: true }],
])("an engine that %s is caught", async (_fault, parts) => {
  expect(await verdictOn(parts)).toBe("caught");
});

async function verdictOn(parts: Partial<EngineParts>): Promise<"passes" | "caught"> {
  const property = fc.asyncProperty(rollupCases(), async (one) => {
    const { store, left } = await roughRun(one, { ...soundParts, ...parts });
    const keys = keysOf(one);
    assert.deepEqual(await storedTable(store, keys), await storedTable(await quietRun(one, left), keys));
  });
  const { failed } = await fc.check(property, { ...given, endOnFailure: true });
  return failed ? "caught" : "passes";
}

function shifted(period: Period): Period {
  return {
    ...lengthOf(period),
    ...namesOf(period),
    start: (time) => period.start(time - 1),
    next: (start) => period.next(start),
  };
}

function inUtc(label: string, rules: BucketRules): Period {
  const { key, label: name } = periodOf(label, rules);
  const period = periodOf(label, { ...rules, timezone: "UTC", days: utcDays });
  return {
    label: name,
    key,
    start: (time) => period.start(time),
    next: (start) => period.next(start),
    stamp: (start) => period.stamp(start),
  };
}

/** Under the name that the sound engine looks for. */
function thirtyDays(label: string, rules: BucketRules): Period {
  const { key } = periodOf(label, rules);
  const period = periodOf(label === "1mo" ? "30d" : label, rules);
  return {
    label,
    key,
    start: (time) => period.start(time),
    next: (start) => period.next(start),
    stamp: (start) => period.stamp(start),
  };
}

function truncating(period: Period): Period {
  const { fixedMs } = period;
  if (fixedMs === undefined) return period;
  return {
    fixedMs,
    ...namesOf(period),
    start: (time) => Math.trunc(time / fixedMs) * fixedMs,
    next: (start) => period.next(start),
  };
}

function namesOf({ label, key }: Period) {
  return { label, key, stamp: (start: number) => start };
}

function lengthOf({ fixedMs }: Period): { fixedMs?: number } {
  return fixedMs === undefined ? {} : { fixedMs };
}

function replaced(sound: Derivator, broken: Partial<Derivator>): Derivator[] {
  return soundParts.derivators.map((derivator) => (derivator === sound ? { ...derivator, ...broken } : derivator));
}

function addAsFloats(state: unknown, { values }: Points, from: number, to: number): unknown {
  let sum = Number(state ?? 0n);
  for (let row = from; row < to; row += 1) sum += Number(values[row]);
  return BigInt(sum);
}

function firstOfTwo(earlier: unknown, later: unknown): unknown {
  return earlier ?? later;
}

function decodeWithoutSign(bytes: Uint8Array): unknown {
  const sum = longSum.decode(bytes);
  return sum !== undefined && sum < 0n ? -sum : sum;
}

function changed(store: Store, broken: Partial<Store>): Store {
  return {
    newest: (series) => store.newest(series),
    readObservations: (ranges) => store.readObservations(ranges),
    readStates: (period, ranges) => store.readStates(period, ranges),
    write: (write) => store.write(write),
    find: (filter) => store.find(filter),
    staticTagsets: (metrics) => store.staticTagsets(metrics),
    close: () => store.close(),
    ...broken,
  };
}

/** A point whose timestamp is stored goes to another one beside it. */
function besides(store: Store): Store["write"] {
  return (write) => movedPoints(store, write, (time, isStored) => (isStored ? time + 0.5 : time));
}

/** A point whose timestamp is stored goes where nobody looks. */
function firstStands(store: Store): Store["write"] {
  return (write) => movedPoints(store, write, (time, isStored) => (isStored ? -8.64e15 : time));
}

async function movedPoints(
  store: Store,
  write: StoreWrite,
  move: (time: number, isStored: boolean) => number,
): Promise<void> {
  const observations: NonNullable<StoreWrite["observations"]>[number][] = [];
  for (const { series, points } of write.observations ?? []) {
    const [stored] = await store.readObservations([
      { series, from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY },
    ]);
    const times = new Set(stored?.time);
    const time = points.time.map((at) => move(at, times.has(at)));
    observations.push({ series, points: { time, values: points.values } });
  }
  await store.write({ ...write, ...(write.observations !== undefined && { observations }) });
}

function keepingBuckets(store: Store): Store["write"] {
  return ({ deletes, ...write }) => store.write({ ...write, deletes: { ...deletes, states: [] } });
}

function nothingIn(store: Store): Store["readObservations"] {
  return (ranges) => store.readObservations(ranges.map((range) => ({ ...range, to: range.from })));
}

function shortIn(store: Store): Store["readObservations"] {
  return (ranges) => store.readObservations(ranges.map((range) => ({ ...range, to: range.to - 1 })));
}

function forgetting(store: Store, forgotten: string): Store["readStates"] {
  return (period, ranges) => {
    const given = period === forgotten ? ranges.map((range) => ({ ...range, to: range.from })) : ranges;
    return store.readStates(period, given);
  };
}
