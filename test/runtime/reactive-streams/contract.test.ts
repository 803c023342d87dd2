import { describe, expect, test } from "vitest";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import {
  emits,
  endsAfter,
  gives,
  handsCancellationOn,
  materializes,
  offered,
  onFailure,
  takes,
  takesAhead,
} from "./contract.ts";
import { contractRows, sinkRows, sourceRows } from "./contract-rows.ts";
import { flows } from "./registered-flows.ts";
import { junctions } from "./registered-junctions.ts";
import { sinks } from "./registered-sinks.ts";
import { sources } from "./registered-sources.ts";

const linear = { ...flows, ...junctions };
const broken = new Error("broken on purpose");

test("every operator has a row, and every row an operator", () => {
  expect(Object.keys(contractRows).sort()).toEqual(Object.keys(linear).sort());
  expect(Object.keys(sourceRows).sort()).toEqual(Object.keys(sources).sort());
  expect(Object.keys(sinkRows).sort()).toEqual(Object.keys(sinks).sort());
});

describe.each(Object.entries(linear))("%s", (name, make) => {
  const {
    five,
    none,
    ahead,
    endsAfter: ends = offered,
    onFailure: told = broken.message,
  } = contractRows[name] ?? {
    five: [],
    none: [],
    ahead: -1,
  };

  test("emits and completes as its row says", async () => {
    expect(await emits(make(), 5)).toEqual(five);
    expect(await emits(make(), 0)).toEqual(none);
  });

  test("takes ahead of demand what its row says, and no more", async () => {
    expect(await takesAhead(make())).toBe(ahead);
  });

  test("ends by itself, and cancels, where its row says", async () => {
    expect(await endsAfter(make())).toBe(ends);
  });

  test("hands a cancellation on in the turn that brought it, before any element and after some", async () => {
    await handsCancellationOn(make(), 0);
    await handsCancellationOn(make(), 3);
  });

  test("ends a failure of upstream as its row says", async () => {
    expect(await onFailure(make())).toBe(told);
  });
});

test.each(Object.entries(sources))("%s gives and ends as its row says", async (name, make) => {
  expect(await gives(make(virtualClock()))).toEqual(sourceRows[name]);
});

test.each(Object.entries(sinks))("%s takes and tells what its row says", async (name, make) => {
  const { promises = ["no promise", "no promise", "no promise"], takes: taken } = sinkRows[name] ?? { takes: -1 };
  expect(await takes(make())).toBe(taken);
  expect(await materializes(make(), 5)).toEqual(promises[0]);
  expect(await materializes(make(), 0)).toEqual(promises[1]);
  expect(await materializes(make(), 2, broken)).toEqual(promises[2]);
});
