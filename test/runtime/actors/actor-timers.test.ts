import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import type { ActorContext } from "../../../runtime/actors/behavior.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

/** An actor that runs what it is told, and writes down the rest. */
function start() {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const life: string[] = [];
  const ref = system.spawn<string | ((context: ActorContext<string>) => void)>(
    () => ({
      receive(message, context) {
        if (typeof message === "string") life.push(message);
        else message(context);
      },
    }),
    "a",
    { supervision: { kind: "restart", backoffMinMs: 10, randomFactor: 0 }, mailboxMax: 4 },
  );
  const act = (run: (context: ActorContext<string>) => void) => {
    ref.tell(run);
    clock.runSoon();
  };
  return { clock, system, ref, act, life };
}

test("the message of a timer that was cancelled or set again is not received, even where it waits in the mailbox", () => {
  const { clock, system, act, life } = start();
  act(({ timers }) => {
    timers.once("cancelled", 5, "cancelled");
    timers.every("replaced", 5, "replaced");
    timers.once("kept", 5, "kept");
    // A turn that takes its time: all three are due before it ends.
    clock.advance(5);
    timers.cancel("cancelled");
    timers.once("replaced", 20, "the other");
  });
  expect(life).toEqual(["kept"]);
  clock.advance(19);
  expect(life).toEqual(["kept"]);
  clock.advance(1);
  expect(life).toEqual(["kept", "the other"]);
  expect(clock.pendingTimers).toBe(0);
  expect(system.deadLetters.count).toBe(0);
});

test("a restart and a stop call timers off, also where their messages wait", () => {
  const { clock, system, ref, act, life } = start();
  const dueAtOnce = ({ timers }: ActorContext<string>) => {
    timers.once("once", 5, "once");
    timers.every("every", 5, "every");
    clock.advance(5);
  };
  act((context) => {
    dueAtOnce(context);
    throw new Error("broken on purpose");
  });
  clock.advance(10);
  act((context) => {
    dueAtOnce(context);
    ref.stop();
  });
  clock.advance(100);
  expect(life).toEqual([]);
  expect(system.deadLetters.count).toBe(0);
  expect(system.running).toEqual([]);
  expect(clock.pendingTimers).toBe(0);
});

test("a timer is active until its message is received, one that repeats until it is cancelled", () => {
  const { clock, act, life } = start();
  const active: boolean[] = [];
  act(({ timers }) => {
    timers.once("once", 5, "once");
    timers.every("every", 5, "every");
    clock.advance(5);
    active.push(timers.isActive("once"), timers.isActive("every"));
  });
  act(({ timers }) => void active.push(timers.isActive("once"), timers.isActive("every")));
  expect(active).toEqual([true, true, false, true]);
  clock.advance(5);
  expect(life).toEqual(["once", "every", "every"]);
});

test("what a timer tells a full mailbox is a dead letter, and the timer goes on", () => {
  const { clock, system, ref, act, life } = start();
  act(({ timers }) => {
    timers.every("every", 5, "every");
    for (let told = 0; told < 4; told += 1) ref.tell("told");
    clock.advance(5);
  });
  expect(system.deadLetters.recent()).toMatchObject([{ message: "every", reason: "mailbox full" }]);
  clock.advance(5);
  expect(life).toEqual(["told", "told", "told", "told", "every"]);
});
