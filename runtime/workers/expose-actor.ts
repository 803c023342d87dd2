import type { MessagePort } from "node:worker_threads";
import type { ActorRef } from "../actors/actor-ref.ts";
import type { ActorSystem } from "../actors/actor-system.ts";
import { EngineError } from "../errors.ts";

/** What a remote reference says to the thread of its actor. */
export type ToActor =
  | { readonly kind: "told"; readonly message: unknown }
  /** The address for the answer stands in the field `replyAt`, or is the message where that is undefined. */
  | { readonly kind: "asked"; readonly id: number; readonly message: unknown; readonly replyAt: string | undefined }
  | { readonly kind: "stop" };

export type FromActor =
  | { readonly kind: "taken"; readonly count: number }
  | { readonly kind: "answer"; readonly id: number; readonly value: unknown }
  | { readonly kind: "stopped" };

/** Messages after which the other thread hears that they were taken; half of what it may have on the way at least. */
export const takenCount = 64;

/**
 * Lets another thread reach an actor by a port; there, `remoteRef` makes the reference. What the mailbox refuses becomes a dead letter
 * of this system. The port is closed once the actor, or this system, has stopped.
 */
export function exposeActor<M>(system: ActorSystem, ref: ActorRef<M>, port: MessagePort): void {
  let taken = 0;
  const post = (message: FromActor) => port.postMessage(message);
  const take = (message: ToActor) => {
    if (message.kind === "stop") {
      ref.stop();
      return;
    }
    ref.tell((message.kind === "told" ? message.message : withAddress(message, ref.path, post)) as M);
    taken += 1;
    if (taken < takenCount) return;
    post({ kind: "taken", count: taken });
    taken = 0;
  };
  const host = system.spawn<"stopped">(
    {
      preStart: (context) => {
        context.watch(ref, "stopped");
        port.on("message", take);
      },
      receive: (_message, context) => context.stop(),
      postStop: () => {
        port.off("message", take);
        post({ kind: "stopped" });
        port.close();
      },
    },
    system.uniqueName("exposed"),
  );
  port.once("close", () => host.stop());
}

function withAddress(asked: ToActor & { kind: "asked" }, path: string, post: (answer: FromActor) => void): unknown {
  const address = new AnswerPort(`${path}/ask`, (value) => post({ kind: "answer", id: asked.id, value }));
  return asked.replyAt === undefined ? address : { ...(asked.message as object), [asked.replyAt]: address };
}

/** Sends one answer to the other thread. */
class AnswerPort implements ActorRef<unknown> {
  readonly path: string;
  #send: ((value: unknown) => void) | undefined;

  constructor(path: string, send: (value: unknown) => void) {
    this.path = path;
    this.#send = send;
  }

  tell(value: unknown): boolean {
    const send = this.#send;
    this.#send = undefined;
    send?.(value);
    return send !== undefined;
  }

  ask<A>(): Promise<A> {
    const sentence = `Cannot ask "${this.path}" as only an actor answers: it is an address for one answer`;
    return Promise.reject(new EngineError("ACTOR_STOPPED", sentence));
  }

  stop(): void {
    this.#send = undefined;
  }
}
