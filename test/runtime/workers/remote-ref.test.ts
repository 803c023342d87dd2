import { MessageChannel, Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import type { ActorRef } from "../../../runtime/actors/actor-ref.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { exposeActor } from "../../../runtime/workers/expose-actor.ts";
import { remoteRef } from "../../../runtime/workers/remote-ref.ts";
import type { Echo } from "./echo-worker.ts";
import { threadArguments } from "./thread-arguments.ts";
import { turnUntil } from "./turn-until.ts";

/** Two systems with a port between them, and an actor of the first that writes down what it takes. */
function start(pendingMax = 128) {
  const clock = virtualClock();
  const here = new ActorSystem({ clock, name: "here" });
  const there = new ActorSystem({ clock, name: "there" });
  const taken: unknown[] = [];
  const ref = there.spawn<string | ActorRef<string>>(
    {
      receive(message) {
        taken.push(typeof message === "string" ? message : "ask");
        if (typeof message !== "string") message.tell("answer");
      },
    },
    "actor",
  );
  const { port1, port2 } = new MessageChannel();
  exposeActor(there, ref, port1);
  const remote = remoteRef<string | ActorRef<string>>(here, port2, { pendingMax });
  const end = async () => {
    await turnUntil(clock, Promise.all([here.terminate(), there.terminate()]));
    expect([here.running, there.running, here.resources.size, clock.pendingTimers]).toEqual([[], [], 0, 0]);
  };
  return { clock, here, there, taken, ref, remote, end };
}

test("messages arrive in order, and an ask is answered", async () => {
  const { clock, taken, remote, end } = start();
  expect([remote.tell("1"), remote.tell("2")]).toEqual([true, true]);
  expect(
    await turnUntil(
      clock,
      remote.ask<string>((replyTo) => replyTo, 1_000),
    ),
  ).toBe("answer");
  expect(taken).toEqual(["1", "2", "ask"]);
  await end();
});

test("one message more than may be on its way is a dead letter, until the other side has taken some", async () => {
  const { clock, here, taken, remote, end } = start();
  for (let index = 0; index < 128; index += 1) expect(remote.tell("m")).toBe(true);
  expect(remote.tell("more")).toBe(false);
  await expect(remote.ask<string>((replyTo) => replyTo, 1_000)).rejects.toMatchObject({ code: "MAILBOX_FULL" });
  expect(here.deadLetters.recent()[0]).toEqual({ message: "more", to: "remote/actor", reason: "mailbox full" });
  await turnUntil(clock, () => taken.length === 128);
  await turnUntil(clock, () => remote.tell("again"));
  await end();
});

test("an ask without an answer ends at its deadline, and one on its way when the actor stops at once", async () => {
  const { clock, remote, there, end } = start();
  const silent = there.spawn<ActorRef<string>>({ receive() {} }, "silent");
  const { port1, port2 } = new MessageChannel();
  const here = new ActorSystem({ clock });
  exposeActor(there, silent, port1);
  const ref = remoteRef<ActorRef<string>>(here, port2);
  const late = ref.ask<string>((replyTo) => replyTo, 1_000);
  clock.advance(999);
  expect(clock.pendingTimers).toBe(1);
  clock.advance(1);
  await expect(late).rejects.toMatchObject({ code: "ASK_TIMEOUT" });
  const cut = ref.ask<string>((replyTo) => replyTo, 1_000);
  ref.stop();
  await expect(turnUntil(clock, cut)).rejects.toMatchObject({ code: "ACTOR_STOPPED" });
  expect(ref.tell(undefined as never)).toBe(false);
  await expect(ref.ask<string>((replyTo) => replyTo, 1)).rejects.toMatchObject({ code: "ACTOR_STOPPED" });
  expect(remote.path).toBe("remote/actor");
  await end();
});

test("a remote actor is watched like any other, whether it stops or has stopped", async () => {
  const { clock, here, ref, remote, end } = start();
  const heard: string[] = [];
  const watch = () => ({
    preStart: (context: { watch(ref: ActorRef<never>, message: string): void }) => context.watch(remote, "gone"),
    receive: (message: string) => void heard.push(message),
  });
  here.spawn<string>(watch(), "before");
  clock.runSoon();
  ref.stop();
  await turnUntil(clock, () => heard.length === 1);
  here.spawn<string>(watch(), "after");
  clock.runSoon();
  expect(heard).toEqual(["gone", "gone"]);
  await end();
});

test("an actor in another thread answers, and the end of its thread is its stop", async () => {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL("./echo-worker.ts", import.meta.url), {
    workerData: port1,
    transferList: [port1],
    execArgv: [...threadArguments],
  });
  const echo = remoteRef<Echo>(system, port2, { name: "echo" });
  const answer = echo.ask<string>((replyTo) => ({ text: "hello", replyTo }), 60_000);
  expect(await turnUntil(clock, answer)).toBe("hello!");
  const lost = echo.ask<string>((replyTo) => ({ text: "crash", replyTo }), 60_000);
  await expect(turnUntil(clock, lost)).rejects.toMatchObject({ code: "ACTOR_STOPPED" });
  await worker.terminate();
  expect([system.resources.size, clock.pendingTimers]).toEqual([0, 0]);
});
