import type { Clock } from "../clock/clock.ts";
import type { Log } from "../log.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { ActorSystem } from "./actor-system.ts";
import type { ActorTimers } from "./actor-timers.ts";
import type { Supervision } from "./supervision.ts";

/**
 * What an actor does. Its functions never run at the same time, nor inside one another, so its fields need no guard.
 * What any of them throws is a failure, and goes to the actor's supervision.
 */
export interface Behavior<M> {
  receive(message: M, context: ActorContext<M>): void;
  /** Before the first message, also after a restart. */
  preStart?(context: ActorContext<M>): void;
  /** Once the actor has stopped and its children too: release here what was acquired. Not called on a restart. */
  postStop?(context: ActorContext<M>): void;
  /** In place of `postStop` on a restart, called on what failed. */
  preRestart?(error: unknown, context: ActorContext<M>): void;
}

/** A behaviour, or a function that makes a fresh one at the start and at each restart. */
export type Props<M> = Behavior<M> | (() => Behavior<M>);

export interface SpawnOptions {
  /** Messages that wait at most; one more is refused and goes to the dead letters. Default: that of the system. */
  readonly mailboxMax?: number;
  /** Messages that it may put by with `stash`. Default: as many as its mailbox holds. */
  readonly stashMax?: number;
  /** What follows a failure of the actor. Default: it stops. */
  readonly supervision?: Supervision;
}

/** What an actor may use while one of its functions runs. */
export interface ActorContext<M> {
  readonly self: ActorRef<M>;
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly log: Log;
  /** Messages to itself later; all are called off when it stops or restarts. */
  readonly timers: ActorTimers<M>;
  /**
   * Puts a message by, until `unstashAll`. A restart puts those back itself; a stop makes them dead letters.
   *
   * @throws {EngineError} `MAILBOX_FULL` where `stashMax` are held: a failure of the actor unless it is caught.
   */
  stash(message: M): void;
  /** Takes up what was put by, in that order and before what waits in the mailbox, beginning with the next message. */
  unstashAll(): void;
  /** Starts a child; it stops before its parent does. Names are unique among siblings. */
  spawn<C>(props: Props<C>, name: string, options?: SpawnOptions): ActorRef<C>;
  /** Stops itself after this message, or one of its children. */
  stop(child?: ActorRef<never>): void;
  /** Puts `message` into the own mailbox, whatever its bound, once `ref` has stopped; at once where it has already. */
  watch(ref: ActorRef<never>, message: M): void;
  unwatch(ref: ActorRef<never>): void;
}
