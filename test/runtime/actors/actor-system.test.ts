import { firstValueFrom } from "rxjs";
import { expect, test } from "vitest";
import type { ActorRef } from "../../../runtime/actors/actor-ref.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import type { Behavior } from "../../../runtime/actors/behavior.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

function start(options: { mailboxMax?: number } = {}) {
  const clock = virtualClock();
  return { clock, system: new ActorSystem({ clock, ...options }) };
}

/** Writes down its life; fails at "fail". */
function recorder(life: string[], label = ""): Behavior<string> {
  return {
    preStart: () => void life.push(`${label}start`),
    preRestart: () => void life.push(`${label}restart`),
    postStop: () => void life.push(`${label}stop`),
    receive(message) {
      if (message === "fail") throw new Error("told to fail");
      life.push(label + message);
    },
  };
}

test("an actor takes messages in order, after the turn that sent them", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const ref = system.spawn(() => recorder(life), "a");
  expect(ref.path).toBe("millrace/a");
  expect(ref.tell("1")).toBe(true);
  ref.tell("2");
  expect(life).toEqual([]);
  clock.runSoon();
  expect(life).toEqual(["start", "1", "2"]);
});

test("a full mailbox refuses the next message and keeps it as a dead letter", async () => {
  const { clock, system } = start();
  const life: string[] = [];
  const ref = system.spawn(() => recorder(life), "a", { mailboxMax: 2 });
  const letter = firstValueFrom(system.deadLetters.letters);
  expect([ref.tell("1"), ref.tell("2"), ref.tell("3")]).toEqual([true, true, false]);
  clock.runSoon();
  expect(life).toEqual(["start", "1", "2"]);
  expect(await letter).toEqual({ message: "3", to: "millrace/a", reason: "mailbox full" });
  expect(system.deadLetters.count).toBe(1);
});

test("the dead letters keep the newest and count all", () => {
  const { clock, system } = start();
  const ref = system.spawn(() => recorder([]), "a");
  ref.stop();
  clock.runSoon();
  for (let index = 0; index < 300; index += 1) ref.tell(String(index));
  expect(system.deadLetters.count).toBe(300);
  const recent = system.deadLetters.recent();
  expect(recent).toHaveLength(256);
  expect(recent[0]?.message).toBe("44");
  expect(recent.at(-1)?.message).toBe("299");
});

test("resume drops the message and keeps the state", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const ref = system.spawn(() => recorder(life), "a", { supervision: { kind: "resume" } });
  for (const message of ["1", "fail", "2"]) ref.tell(message);
  clock.runSoon();
  expect(life).toEqual(["start", "1", "2"]);
});

test("restart waits for the backoff, doubles it, and keeps the mailbox meanwhile", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const supervision = { kind: "restart", backoffMinMs: 100, backoffMaxMs: 300, randomFactor: 0 } as const;
  const ref = system.spawn(() => recorder(life), "a", { supervision });
  for (const message of ["fail", "1"]) ref.tell(message);
  clock.advance(99);
  expect(life).toEqual(["start", "restart"]);
  clock.advance(1);
  expect(life).toEqual(["start", "restart", "start", "1"]);
  ref.tell("fail");
  clock.advance(199);
  expect(life.length).toBe(5);
  clock.advance(1);
  expect(life.length).toBe(6);
  ref.tell("fail");
  clock.advance(299);
  expect(life.length).toBe(7);
  clock.advance(1);
  expect(life.length).toBe(8);
});

test("the backoff is longer by a random part of at most the factor", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const supervision = { kind: "restart", backoffMinMs: 100, randomFactor: 0.5 } as const;
  system.spawn(() => recorder(life), "a", { supervision }).tell("fail");
  clock.advance(100);
  expect(life).toEqual(["start", "restart"]);
  clock.advance(50);
  expect(life).toEqual(["start", "restart", "start"]);
});

test("one restart more than allowed within the window stops the actor; a quiet window starts the count anew", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const supervision = { kind: "restart", backoffMinMs: 10, randomFactor: 0, restartsMax: 1, windowMs: 1_000 } as const;
  const ref = system.spawn(() => recorder(life), "a", { supervision });
  ref.tell("fail");
  clock.advance(10 + 1_001);
  ref.tell("fail");
  clock.advance(10);
  expect(life).toEqual(["start", "restart", "start", "restart", "start"]);
  ref.tell("fail");
  clock.advance(10_000);
  expect(life.at(-1)).toBe("stop");
  expect(system.running).toEqual([]);
});

test("an error escalated by a child is handled by the supervision of its parent, and the child has stopped", () => {
  const { clock, system } = start();
  const life: string[] = [];
  let child: ActorRef<string> | undefined;
  const parent: Behavior<string> = {
    ...recorder(life, "parent "),
    preStart(context) {
      life.push("parent start");
      child = context.spawn(() => recorder(life, "child "), "child", { supervision: { kind: "escalate" } });
    },
  };
  const supervision = { kind: "restart", backoffMinMs: 10, randomFactor: 0 } as const;
  system.spawn(() => parent, "parent", { supervision });
  clock.runSoon();
  child?.tell("fail");
  clock.advance(10);
  expect(life).toEqual(["parent start", "child start", "parent restart", "child stop", "parent start", "child start"]);
});

test("a supervision function decides by the error", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const ref = system.spawn(() => recorder(life), "a", {
    supervision: (error) => ({ kind: error instanceof RangeError ? "stop" : "resume" }),
  });
  for (const message of ["fail", "1"]) ref.tell(message);
  clock.runSoon();
  expect(life).toEqual(["start", "1"]);
});

test("a watcher hears of the end, once, past the bound of its mailbox, also where the end came first", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const watched = system.spawn(() => recorder([]), "watched");
  const watcher = system.spawn<string>(
    {
      receive(message, context) {
        if (message === "watch") context.watch(watched, "ended");
        else life.push(message);
      },
    },
    "watcher",
    { mailboxMax: 1 },
  );
  watcher.tell("watch");
  clock.runSoon();
  watched.stop();
  watcher.tell("full");
  clock.runSoon();
  expect(life.toSorted()).toEqual(["ended", "full"]);
  watcher.tell("watch");
  clock.runSoon();
  expect(life).toHaveLength(3);
});

test("ask resolves with the answer, and its timer is called off", async () => {
  const { clock, system } = start();
  const ref = system.spawn<ActorRef<number>>({ receive: (replyTo) => void replyTo.tell(42) }, "a");
  const answer = ref.ask<number>((replyTo) => replyTo, 1_000);
  clock.runSoon();
  expect(await answer).toBe(42);
  expect(clock.pendingTimers).toBe(0);
});

test("ask rejects when the answer does not come in time, and not a millisecond before", async () => {
  const { clock, system } = start();
  const ref = system.spawn<ActorRef<number>>({ receive() {} }, "a");
  let code = "";
  ref
    .ask<number>((replyTo) => replyTo, 1_000)
    .catch((error) => {
      code = error.code;
    });
  clock.advance(999);
  await clock.settle();
  expect(code).toBe("");
  clock.advance(1);
  await clock.settle();
  expect(code).toBe("ASK_TIMEOUT");
});

test("an answer that comes too late, or once more, is refused", async () => {
  const { clock, system } = start();
  const addresses: ActorRef<number>[] = [];
  const ref = system.spawn<ActorRef<number>>({ receive: (replyTo) => void addresses.push(replyTo) }, "a");
  const late = ref.ask<number>((replyTo) => replyTo, 10);
  clock.advance(10);
  await expect(late).rejects.toMatchObject({ code: "ASK_TIMEOUT", retryable: true });
  expect(addresses[0]?.tell(1)).toBe(false);
  const answered = ref.ask<number>((replyTo) => replyTo, 10);
  clock.runSoon();
  expect([addresses[1]?.tell(1), addresses[1]?.tell(2)]).toEqual([true, false]);
  expect(await answered).toBe(1);
});

test("ask rejects at once where the actor has stopped or its mailbox is full", async () => {
  const { clock, system } = start();
  const ref = system.spawn<ActorRef<number>>({ receive() {} }, "a", { mailboxMax: 1 });
  const waiting = ref.ask<number>((replyTo) => replyTo, 1_000);
  await expect(ref.ask<number>((replyTo) => replyTo, 1_000)).rejects.toMatchObject({ code: "MAILBOX_FULL" });
  ref.stop();
  await expect(ref.ask<number>((replyTo) => replyTo, 1_000)).rejects.toMatchObject({ code: "ACTOR_STOPPED" });
  clock.advance(1_000);
  await expect(waiting).rejects.toMatchObject({ code: "ASK_TIMEOUT" });
});

test("terminate stops children before their parents, and gives what still waits to the dead letters", async () => {
  const { clock, system } = start();
  const life: string[] = [];
  const parent = system.spawn<string>(
    {
      ...recorder(life, "parent "),
      preStart: (context) => void context.spawn(() => recorder(life, "child "), "child"),
    },
    "parent",
  );
  clock.runSoon();
  parent.tell("unread");
  const terminated = system.terminate();
  clock.runSoon();
  await terminated;
  expect(life).toEqual(["child start", "child stop", "parent stop"]);
  expect(system.deadLetters.recent()).toMatchObject([{ message: "unread", reason: "actor stopped" }]);
  expect(() => system.spawn(() => recorder([]), "late")).toThrowError(
    expect.objectContaining({ code: "ACTOR_STOPPED" }),
  );
});

test("names of siblings differ", () => {
  const { system } = start();
  system.spawn(() => recorder([]), "a");
  expect(() => system.spawn(() => recorder([]), "a")).toThrowError(
    expect.objectContaining({ code: "SETTING_DUPLICATE" }),
  );
});

test("timers of an actor tell it later, and are called off when it stops", () => {
  const { clock, system } = start();
  const life: string[] = [];
  const ref = system.spawn<string>(
    {
      preStart(context) {
        context.timers.once("once", 5, "once");
        context.timers.every("every", 10, "every");
      },
      receive: (message) => void life.push(message),
    },
    "a",
  );
  clock.advance(25);
  expect(life).toEqual(["once", "every", "every"]);
  ref.stop();
  clock.advance(100);
  expect(life).toHaveLength(3);
  expect(clock.pendingTimers).toBe(0);
});

test("an actor that always has a message leaves others their turns", () => {
  const { clock, system } = start();
  let spins = 0;
  let heard = -1;
  const busy = system.spawn<string>(
    {
      receive(message, context) {
        spins += 1;
        if (spins < 10_000) context.self.tell(message);
      },
    },
    "busy",
  );
  const quiet = system.spawn<string>(
    {
      receive() {
        heard = spins;
      },
    },
    "quiet",
  );
  busy.tell("spin");
  clock.soon(() => quiet.tell("hello"));
  clock.runSoon();
  expect(spins).toBe(10_000);
  expect(heard).toBeLessThan(5_000);
  expect(heard).toBeGreaterThan(0);
});
