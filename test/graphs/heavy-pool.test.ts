import { expect, onTestFinished, test } from "vitest";
import type { HeavyTask } from "../../blocks/model/heavy-task.ts";
import { HeavyPool } from "../../graphs/heavy-pool.ts";
import { ActorSystem } from "../../runtime/actors/actor-system.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { threadArguments } from "../runtime/workers/thread-arguments.ts";

const derivators = new URL("./heavy-derivators.ts", import.meta.url).href;
const slowDerivators = new URL("./slow-derivators.ts", import.meta.url).href;

/** The state of one value; at 130 some of the derivators fail. */
function adding(name: string, value: number, module = derivators): () => HeavyTask {
  return () => {
    const points = { time: Float64Array.of(0), values: Float64Array.of(value) };
    return { module, exportName: name, choice: name, stateName: name, step: { kind: "add", state: undefined, points } };
  };
}

/** What became of steps that are asked for at once: the value of each state, or the fault. */
async function outcomes(threads: number, tasks: readonly (() => HeavyTask)[], deadline = 20_000): Promise<unknown[]> {
  const system = new ActorSystem({ clock: systemClock });
  onTestFinished(() => system.terminate());
  const pool = new HeavyPool(system, systemClock, { threads, deadline, execArgv: threadArguments });
  const settled = await Promise.allSettled(tasks.map((task) => pool.run(task)));
  return settled.map((one) =>
    one.status === "rejected" ? String(one.reason) : new Float64Array((one.value as Uint8Array).slice().buffer)[0],
  );
}

const values = Array.from({ length: 200 }, (_, index) => index);

test.each([
  // Of one thread, the first batch is 50 steps, and the next ones are given to it while it runs that.
  ["crashing", 1, 7, "worker exited with code: 3"],
  ["crashing", 1, 70, "worker exited with code: 3"],
  ["crashing", 2, 199, "worker exited with code: 3"],
  ["endless", 1, 70, "must have ended within 500 ms"],
  ["throwing", 2, 70, "130 is too much"],
])("of many steps, %s in %d threads, the one at %d fails alone", async (name, threads, culprit, reason) => {
  const tasks = values.map((value) => adding(name, value === culprit ? 130 : value + 1_000));
  const expected: unknown[] = values.map((value) => value + 1_000);
  expected[culprit] = expect.stringContaining(reason);
  expect(await outcomes(threads, tasks, 500)).toEqual(expected);
});

test("several steps that end their thread fail alone, each of them", async () => {
  const tasks = values.map((value) => adding("crashing", value % 60 === 59 ? 130 : value + 1_000));
  const expected = values.map((value) => (value % 60 === 59 ? expect.stringContaining("code: 3") : value + 1_000));
  expect(await outcomes(2, tasks)).toEqual(expected);
});

test("steps whose thread is ended by what another step left running run again", async () => {
  const tasks = values.map((value) =>
    value < 100 ? adding("straying", value === 7 ? 130 : value) : adding("median", value, slowDerivators),
  );
  const expected = values.map((value) => (value === 7 ? 130 : value));
  expect(await outcomes(1, tasks)).toEqual(expected);
});

test("a state that cannot leave its thread costs that step alone", async () => {
  const tasks = values.map((value) => adding("unsendable", value === 70 ? 130 : value + 1_000));
  const expected: unknown[] = values.map((value) => value + 1_000);
  expected[70] = expect.stringContaining("could not be cloned");
  expect(await outcomes(1, tasks)).toEqual(expected);
});

test.each([0, 3, 70, 199])(
  "of many steps, the one at %d, which cannot be sent to a thread, fails alone",
  async (culprit) => {
    const tasks = values.map((value) => adding("median", value));
    const unsendable = tasks[culprit] as () => HeavyTask;
    tasks[culprit] = () => ({ ...unsendable(), choice: (() => {}) as never });
    const expected: unknown[] = [...values];
    expected[culprit] = expect.stringContaining("could not be cloned");
    expect(await outcomes(1, tasks)).toEqual(expected);
  },
);

test("steps of a plugin that is not there fail, the others do not", async () => {
  const tasks = values.map((value) => adding(value % 2 === 0 ? "median" : "absent", value));
  const told = (await outcomes(2, tasks)).map((outcome) => (typeof outcome === "number" ? outcome : "failed"));
  expect(told).toEqual(values.map((value) => (value % 2 === 0 ? value : "failed")));
});
