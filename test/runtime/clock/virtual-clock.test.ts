import { expect, test } from "vitest";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

test("a timer fires when its time has come, and not a millisecond before", () => {
  const clock = virtualClock(1_000);
  const fired: number[] = [];
  clock.after(10, () => fired.push(clock.now()));
  clock.advance(9);
  expect(fired).toEqual([]);
  clock.advance(1);
  expect(fired).toEqual([1_010]);
});

test("timers fire by due time, then by order of setting, each seeing its own time", () => {
  const clock = virtualClock();
  const fired: string[] = [];
  clock.after(20, () => fired.push(`c${clock.monotonic()}`));
  clock.after(10, () => fired.push(`a${clock.monotonic()}`));
  clock.after(10, () => fired.push(`b${clock.monotonic()}`));
  clock.advance(30);
  expect(fired).toEqual(["a10", "b10", "c20"]);
  expect(clock.monotonic()).toBe(30);
});

test("a timer set by a timer fires in the same advance where it is due", () => {
  const clock = virtualClock();
  const fired: number[] = [];
  const again = () => {
    fired.push(clock.now());
    clock.after(3, again);
  };
  clock.after(3, again);
  clock.advance(10);
  expect(fired).toEqual([3, 6, 9]);
  expect(clock.pendingTimers).toBe(1);
});

test("the queue of turns is drained between timers", () => {
  const clock = virtualClock();
  const order: string[] = [];
  clock.after(1, () => {
    order.push("first timer");
    clock.soon(() => order.push("turn"));
  });
  clock.after(1, () => order.push("second timer"));
  clock.advance(1);
  expect(order).toEqual(["first timer", "turn", "second timer"]);
});

test("a cancelled timer does not fire", () => {
  const clock = virtualClock();
  let fired = 0;
  const timer = clock.after(1, () => {
    fired += 1;
  });
  timer.cancel();
  timer.cancel();
  clock.advance(5);
  expect(fired).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test("one seed gives one sequence, another seed another", () => {
  const draw = (seed: number) => {
    const clock = virtualClock(0, seed);
    return Array.from({ length: 20 }, () => clock.random());
  };
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  expect(draw(7).every((number) => number >= 0 && number < 1)).toBe(true);
});

test("settle runs turns that promises ask for", async () => {
  const clock = virtualClock();
  const order: number[] = [];
  clock.soon(() => {
    order.push(1);
    void Promise.resolve().then(() => clock.soon(() => order.push(2)));
  });
  await clock.settle();
  expect(order).toEqual([1, 2]);
});
