import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import type { Behavior, SpawnOptions } from "../../../runtime/actors/behavior.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

/** Closed until "open": puts by what comes before. Fails at "fail", which makes it closed again. */
function door(taken: string[]): Behavior<string> {
  let open = false;
  return {
    receive(message, context) {
      if (message === "fail") throw new Error("told to fail");
      if (message === "open") {
        open = true;
        context.unstashAll();
      } else if (open) taken.push(message);
      else context.stash(message);
    },
  };
}

function start(options: SpawnOptions = {}) {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const taken: string[] = [];
  const ref = system.spawn(() => door(taken), "door", options);
  const tell = (...messages: string[]) => {
    for (const message of messages) ref.tell(message);
    clock.runSoon();
  };
  return { clock, system, taken, ref, tell };
}

test("messages that were put by come back in order, before what waits", () => {
  const { taken, tell } = start();
  tell("1", "2");
  tell("3", "open", "4", "5");
  expect(taken).toEqual(["1", "2", "3", "4", "5"]);
});

test("one message more than the stash holds is a failure of the actor", () => {
  const { taken, tell, system } = start({ stashMax: 2, supervision: { kind: "resume" } });
  tell("1", "2", "3", "open");
  expect(taken).toEqual(["1", "2"]);
  const strict = start({ stashMax: 2 });
  strict.tell("1", "2", "3");
  expect(strict.system.running).toEqual([]);
  expect(system.running).toEqual(["millrace/door"]);
});

test("a restart puts back what was put by, and a stop makes it dead letters", () => {
  const supervision = { kind: "restart", backoffMinMs: 10, randomFactor: 0 } as const;
  const { clock, taken, tell, ref, system } = start({ supervision });
  tell("1", "2", "fail", "open", "3");
  clock.advance(10);
  expect(taken).toEqual(["1", "2", "3"]);
  const closed = start();
  closed.tell("1", "2");
  closed.ref.stop();
  closed.clock.runSoon();
  expect(closed.system.deadLetters.recent().map(({ message }) => message)).toEqual(["1", "2"]);
  ref.stop();
  clock.runSoon();
  expect(system.deadLetters.count).toBe(0);
});
