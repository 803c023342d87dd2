// An actor in a thread of its own, for the tests of remote references.
import { workerData } from "node:worker_threads";
import type { ActorRef } from "../../../runtime/actors/actor-ref.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";
import { exposeActor } from "../../../runtime/workers/expose-actor.ts";

export interface Echo {
  readonly text: string;
  readonly replyTo?: ActorRef<string>;
}

const system = new ActorSystem({ clock: systemClock });
const echo = system.spawn<Echo>(
  {
    receive({ text, replyTo }) {
      if (text === "crash") process.exit(1);
      replyTo?.tell(`${text}!`);
    },
  },
  "echo",
);
exposeActor(system, echo, workerData);
