import { expect, test } from "vitest";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { stopGracefully } from "../../../runtime/actors/stop-gracefully.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";

function start() {
  const clock = virtualClock();
  const system = new ActorSystem({ clock });
  const taken: string[] = [];
  const ref = system.spawn<string>(
    {
      receive(message, context) {
        taken.push(message);
        if (message === "last") context.stop();
      },
    },
    "worker",
  );
  return { clock, system, taken, ref };
}

test("an actor that takes its last message has done all before it, and no timer is left", async () => {
  const { clock, system, taken, ref } = start();
  for (const message of ["1", "2"]) ref.tell(message);
  const stopped = stopGracefully(system, ref, 1_000, "last");
  clock.runSoon();
  await stopped;
  expect(taken).toEqual(["1", "2", "last"]);
  expect([system.running, clock.pendingTimers]).toEqual([[], 0]);
});

test("an actor without a last message stops at once, also one that has stopped before", async () => {
  const { clock, system, ref } = start();
  for (let round = 0; round < 2; round += 1) {
    const stopped = stopGracefully(system, ref, 1_000);
    clock.runSoon();
    await stopped;
    expect(system.running).toEqual([]);
  }
});

test("an actor that does not stop in time is stopped, and the caller hears of it", async () => {
  const { clock, system, ref } = start();
  const stopped = stopGracefully(system, ref, 1_000, "not the last");
  clock.advance(999);
  expect(system.running).toContain("millrace/worker");
  clock.advance(1);
  await expect(stopped).rejects.toMatchObject({ code: "ASK_TIMEOUT" });
  expect([system.running, clock.pendingTimers]).toEqual([[], 0]);
});
