import { EngineError } from "../errors.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { ActorSystem } from "./actor-system.ts";

/**
 * Stops an actor once it has done what it was told before: `last` waits in its mailbox like any message, and it is up to the actor
 * to stop itself when it takes it. Without `last` it stops after the message it is at.
 *
 * @param timeoutMs After that it is stopped all the same, after the message it is at.
 * @returns resolves once it and its children have stopped.
 * @throws {EngineError} `ASK_TIMEOUT` where it did not stop by itself in time; it is then told to stop, and soon gone.
 * `ACTOR_STOPPED` where the system terminates meanwhile, which stops it too.
 */
export function stopGracefully<M>(system: ActorSystem, ref: ActorRef<M>, timeoutMs: number, last?: M): Promise<void> {
  return new Promise((resolve, reject) => {
    const watcher = system.spawn<"stopped">(
      {
        preStart: (context) => {
          context.watch(ref, "stopped");
          if (last === undefined || !ref.tell(last)) ref.stop();
        },
        receive: (_message, context) => {
          resolve();
          context.stop();
        },
        postStop: () => {
          timer.cancel();
          // Only where the system ended it first.
          const sentence = `Cannot wait for "${ref.path}" as the system must run: it is terminating`;
          reject(new EngineError("ACTOR_STOPPED", sentence));
        },
      },
      system.uniqueName("stop-gracefully"),
    );
    const timer = system.clock.after(timeoutMs, () => {
      const sentence = `Cannot wait for "${ref.path}" as it must stop within ${timeoutMs} ms: it is still going`;
      reject(new EngineError("ASK_TIMEOUT", sentence));
      watcher.stop();
      ref.stop();
    });
  });
}
