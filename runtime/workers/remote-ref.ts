import assert from "node:assert/strict";
import type { MessagePort } from "node:worker_threads";
import type { Watchable } from "../actors/actor-cell.ts";
import type { ActorRef } from "../actors/actor-ref.ts";
import type { ActorSystem } from "../actors/actor-system.ts";
import type { SystemResource } from "../actors/system-resources.ts";
import type { Timer } from "../clock/clock.ts";
import { EngineError } from "../errors.ts";
import { type FromActor, takenCount, type ToActor } from "./expose-actor.ts";
import { transferablesOf } from "./transfer.ts";

export interface RemoteRefSettings {
  /** The last part of its path. Default "actor". */
  readonly name?: string;
  /** Messages on their way, and asks without an answer, at most; one more is refused. At least 128. Default 1,024. */
  readonly pendingMax?: number;
}

/**
 * A reference to an actor in another thread, where `exposeActor` was given the other end of the port. Messages arrive in order, each at
 * most once, as copies; `move` marks what is moved. It can be watched: a thread that ends counts as a stop of the actor.
 *
 * An ask finds its address for the answer where that is the message, or a field of it: no deeper.
 */
export function remoteRef<M>(system: ActorSystem, port: MessagePort, settings: RemoteRefSettings = {}): ActorRef<M> {
  return new RemoteRef<M>(system, port, settings);
}

/** An ask without an answer. */
interface Asked {
  readonly timer: Timer;
  resolve(answer: unknown): void;
  reject(error: EngineError): void;
}

class RemoteRef<M> implements ActorRef<M>, Watchable, SystemResource {
  readonly path: string;
  readonly #system: ActorSystem;
  readonly #port: MessagePort;
  readonly #pendingMax: number;
  readonly #asked = new Map<number, Asked>();
  readonly #watchers = new Map<object, () => void>();
  #underWay = 0;
  #asks = 0;
  #stopped = false;

  constructor(system: ActorSystem, port: MessagePort, settings: RemoteRefSettings) {
    const { name = "actor", pendingMax = 1_024 } = settings;
    assert(pendingMax >= 2 * takenCount, "the bound leaves room until the other thread reports");
    this.path = `remote/${name}`;
    this.#system = system;
    this.#port = port;
    this.#pendingMax = pendingMax;
    system.resources.add(this);
    port.on("message", (message: FromActor) => this.#receive(message));
    port.once("close", () => this.#end());
  }

  tell(message: M): boolean {
    return this.#offer({ kind: "told", message }, message) === undefined;
  }

  ask<R>(make: (replyTo: ActorRef<R>) => M, timeoutMs: number): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#asks += 1;
      const id = this.#asks;
      const address: ActorRef<R> = { path: `${this.path}/ask`, tell: () => false, ask: unanswerable, stop() {} };
      const message = make(address);
      const refused =
        this.#asked.size >= this.#pendingMax ? "mailbox full" : this.#offer(place(message, address, id), message);
      if (refused !== undefined) {
        reject(this.#unasked(refused));
        return;
      }
      const timer = this.#system.clock.after(timeoutMs, () => {
        this.#asked.delete(id);
        const sentence = `Cannot ask "${this.path}" as it must answer within ${timeoutMs} ms: it is silent`;
        reject(new EngineError("ASK_TIMEOUT", sentence, { retryable: true }));
      });
      this.#asked.set(id, { timer, resolve, reject });
    });
  }

  stop(): void {
    if (!this.#stopped) this.#port.postMessage({ kind: "stop" } satisfies ToActor);
  }

  addWatcher(watcher: object, onStopped: () => void): boolean {
    if (this.#stopped) return false;
    this.#watchers.set(watcher, onStopped);
    return true;
  }

  removeWatcher(watcher: object): void {
    this.#watchers.delete(watcher);
  }

  /** Lets go of the actor, which goes on. */
  close(): Promise<void> {
    this.#end();
    return Promise.resolve();
  }

  #offer(sent: ToActor, message: M): "mailbox full" | "actor stopped" | undefined {
    const refused = this.#stopped ? "actor stopped" : this.#underWay >= this.#pendingMax ? "mailbox full" : undefined;
    if (refused === undefined) {
      this.#port.postMessage(sent, [...transferablesOf(message)]);
      this.#underWay += 1;
    } else this.#system.deadLetters.add({ message, to: this.path, reason: refused });
    return refused;
  }

  #receive(message: FromActor): void {
    if (message.kind === "taken") this.#underWay -= message.count;
    else if (message.kind === "stopped") this.#end();
    else {
      const asked = this.#asked.get(message.id);
      this.#asked.delete(message.id);
      asked?.timer.cancel();
      asked?.resolve(message.value);
    }
  }

  #end(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#port.close();
    this.#system.resources.remove(this);
    for (const { timer, reject } of this.#asked.values()) {
      timer.cancel();
      reject(this.#unasked("actor stopped"));
    }
    this.#asked.clear();
    for (const notify of this.#watchers.values()) notify();
    this.#watchers.clear();
  }

  #unasked(reason: "mailbox full" | "actor stopped"): EngineError {
    const full = reason === "mailbox full";
    const sentence = `Cannot ask "${this.path}" as it must take messages: it is ${full ? "full" : "stopped"}`;
    return new EngineError(full ? "MAILBOX_FULL" : "ACTOR_STOPPED", sentence, { retryable: full });
  }
}

/** Says where the address stands, which itself does not cross. */
function place(message: unknown, address: unknown, id: number): ToActor {
  if (message === address) return { kind: "asked", id, message: undefined, replyAt: undefined };
  const fields = Object.entries(message ?? {});
  const replyAt = fields.find(([, value]) => value === address)?.[0];
  assert(
    replyAt !== undefined,
    "a message that asks another thread is the address for its answer, or has it as a field",
  );
  return { kind: "asked", id, message: Object.fromEntries(fields.filter(([key]) => key !== replyAt)), replyAt };
}

function unanswerable<A>(): Promise<A> {
  return Promise.reject(
    new EngineError("ACTOR_STOPPED", "Cannot ask an address as only an actor answers: it is for one answer"),
  );
}
