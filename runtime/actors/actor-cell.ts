import assert from "node:assert/strict";
import type { Clock, Timer } from "../clock/clock.ts";
import { EngineError, sentenceOf } from "../errors.ts";
import type { Log } from "../log.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { ActorSystem } from "./actor-system.ts";
import { ActorTimers, DueMessage } from "./actor-timers.ts";
import { ask } from "./ask.ts";
import type { ActorContext, Behavior, Props, SpawnOptions } from "./behavior.ts";
import type { DeadLetter } from "./dead-letters.ts";
import type { Dispatcher, Runnable } from "./dispatcher.ts";
import { Mailbox } from "./mailbox.ts";
import { Stash } from "./stash.ts";
import { Backoff, type Directive, type Supervision } from "./supervision.ts";

/** Messages in one turn at most. */
const messagesMax = 64;

/** What a cell needs of its system. */
export interface CellHost {
  readonly system: ActorSystem;
  readonly clock: Clock;
  readonly log: Log;
  readonly dispatcher: Dispatcher;
  readonly mailboxMax: number;
  deadLetter(letter: DeadLetter): void;
}

/** Whose stop others can wait for, in this thread or another. */
export interface Watchable {
  /** @returns false where it has stopped already. */
  addWatcher(watcher: object, onStopped: () => void): boolean;
  removeWatcher(watcher: object): void;
}

/** What actors know of one another, whatever messages they take. */
export interface Relative extends Watchable {
  readonly path: string;
  stop(): void;
  /** A child hands on its failure. */
  escalate(error: unknown): void;
}

/** "paused" waits for a restart; "stopping" waits for its children. */
type State = "new" | "running" | "paused" | "stopping" | "stopped";

/** One actor: its mailbox, its children, its life. It is its own reference and its own context. */
export class ActorCell<M> implements ActorRef<M>, ActorContext<M>, Relative, Runnable {
  readonly path: string;
  readonly log: Log;
  readonly timers: ActorTimers<M>;
  readonly #host: CellHost;
  readonly #parent: Relative | undefined;
  readonly #onStopped: () => void;
  readonly #props: Props<M>;
  readonly #mailboxMax: number;
  readonly #supervision: Supervision;
  readonly #mailbox = new Mailbox<M | DueMessage<M>>();
  readonly #stash: Stash<M>;
  readonly #children = new Map<string, Relative>();
  /** Who wants to know that this one has stopped. */
  readonly #watchers = new Map<object, () => void>();
  readonly #watched = new Set<Watchable>();
  readonly #backoff = new Backoff();
  #behavior: Behavior<M>;
  #state: State = "new";
  #stopAsked = false;
  #scheduled = false;
  #restartTimer: Timer | undefined;
  /** An error that a child escalated and that is to be handled in the next turn. */
  #escalated: { readonly error: unknown } | undefined;

  constructor(
    host: CellHost,
    parent: Relative | undefined,
    path: string,
    props: Props<M>,
    options: SpawnOptions,
    onStopped: () => void,
  ) {
    this.#host = host;
    this.#parent = parent;
    this.path = path;
    this.#props = props;
    this.#mailboxMax = options.mailboxMax ?? host.mailboxMax;
    this.#stash = new Stash(options.stashMax ?? this.#mailboxMax, path);
    this.#supervision = options.supervision ?? { kind: "stop" };
    this.#onStopped = onStopped;
    this.log = host.log.child({ actor: path });
    this.timers = new ActorTimers(host.clock, (due) => this.#offer(due));
    this.#behavior = make(props);
    this.#schedule();
  }

  get self(): ActorRef<M> {
    return this;
  }

  get system(): ActorSystem {
    return this.#host.system;
  }

  get clock(): Clock {
    return this.#host.clock;
  }

  tell(message: M): boolean {
    return this.#offer(message) === "told";
  }

  ask<R>(make: (replyTo: ActorRef<R>) => M, timeoutMs: number): Promise<R> {
    return ask(this.path, this.#host.clock, (message: M) => this.#offer(message), make, timeoutMs);
  }

  stop(child?: ActorRef<never>): void {
    if (child !== undefined && child !== this) {
      assert(
        child instanceof ActorCell && [...this.#children.values()].includes(child),
        "an actor stops itself or a child of its own",
      );
      child.stop();
      return;
    }
    this.#stopAsked = true;
    this.#schedule();
  }

  spawn<C>(props: Props<C>, name: string, options: SpawnOptions = {}): ActorRef<C> {
    const path = `${this.path}/${name}`;
    if (this.#children.has(name)) {
      throw new EngineError(
        "SETTING_DUPLICATE",
        `Cannot spawn "${path}" as the names of siblings must differ: it is taken`,
      );
    }
    if (this.#stopAsked || this.#state === "stopped") {
      throw new EngineError("ACTOR_STOPPED", `Cannot spawn "${path}" as its parent must run: it is stopping`);
    }
    const cell = new ActorCell<C>(this.#host, this, path, props, options, () => this.#onChildStopped(name));
    this.#children.set(name, cell);
    return cell;
  }

  stash(message: M): void {
    this.#stash.put(message);
  }

  unstashAll(): void {
    this.#stash.emptyInto(this.#mailbox);
    this.#schedule();
  }

  watch(ref: ActorRef<never>, message: M): void {
    const watched = watchable(ref);
    const alive = watched.addWatcher(this, () => {
      this.#watched.delete(watched);
      this.#push(message);
    });
    if (alive) this.#watched.add(watched);
    else this.#push(message);
  }

  unwatch(ref: ActorRef<never>): void {
    const watched = watchable(ref);
    this.#watched.delete(watched);
    watched.removeWatcher(this);
  }

  addWatcher(watcher: object, onStopped: () => void): boolean {
    if (this.#state === "stopped") return false;
    this.#watchers.set(watcher, onStopped);
    return true;
  }

  removeWatcher(watcher: object): void {
    this.#watchers.delete(watcher);
  }

  runTurn(): void {
    this.#scheduled = false;
    if (this.#state === "stopped") return;
    if (this.#stopAsked) {
      this.#beginStop();
      return;
    }
    this.#guard(() => this.#work());
    if (this.#stopAsked || (this.#state === "running" && this.#mailbox.size > 0)) this.#schedule();
  }

  #work(): void {
    const escalated = this.#escalated;
    if (escalated !== undefined) {
      this.#escalated = undefined;
      throw escalated.error;
    }
    if (this.#state === "new") {
      this.#state = "running";
      this.#behavior.preStart?.(this);
    }
    // What it tells itself meanwhile waits for its next turn.
    const messages = Math.min(messagesMax, this.#mailbox.size);
    for (let taken = 0; taken < messages && this.#state === "running" && !this.#stopAsked; taken += 1) {
      const message = this.#mailbox.shift();
      if (message === undefined) return;
      if (!(message instanceof DueMessage)) this.#behavior.receive(message, this);
      else if (message.take()) this.#behavior.receive(message.message, this);
    }
  }

  #offer(message: M | DueMessage<M>): "told" | "full" | "stopped" {
    if (this.#state === "stopped" || this.#stopAsked) {
      this.#refuse(message, "actor stopped");
      return "stopped";
    }
    if (this.#mailbox.size >= this.#mailboxMax) {
      this.#refuse(message, "mailbox full");
      return "full";
    }
    this.#push(message);
    return "told";
  }

  /** A timer's message counts as taken, unless the timer was cancelled: then it is no message. */
  #refuse(message: M | DueMessage<M>, reason: DeadLetter["reason"]): void {
    if (!(message instanceof DueMessage)) this.#host.deadLetter({ message, to: this.path, reason });
    else if (message.take()) this.#host.deadLetter({ message: message.message, to: this.path, reason });
  }

  /** Past the bound: only for notices, of which there is one for each actor watched. */
  #push(message: M | DueMessage<M>): void {
    if (this.#state === "stopped") return;
    this.#mailbox.push(message);
    if (this.#state !== "paused") this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#state === "stopped") return;
    this.#scheduled = true;
    this.#host.dispatcher.schedule(this);
  }

  #guard(run: () => void): void {
    try {
      run();
    } catch (thrown) {
      this.#onFailure(thrown);
    }
  }

  #onFailure(error: unknown): void {
    const directive = typeof this.#supervision === "function" ? this.#supervision(error) : this.#supervision;
    if (directive.kind === "resume") {
      this.log.warn("An actor failed and goes on", { error: sentenceOf(error) });
    } else if (directive.kind === "restart") {
      this.#pause(error, directive);
    } else {
      const escalates = directive.kind === "escalate" && this.#parent !== undefined;
      if (escalates) this.#parent?.escalate(error);
      else this.log.error("An actor failed and stops", { error: sentenceOf(error) });
      this.stop();
    }
  }

  escalate(error: unknown): void {
    // While it restarts or stops its children go anyway.
    if (this.#state !== "running" && this.#state !== "new") return;
    this.#escalated ??= { error };
    this.#schedule();
  }

  #pause(error: unknown, directive: Extract<Directive, { kind: "restart" }>): void {
    const { clock } = this.#host;
    const pauseMs = this.#backoff.next(directive, clock.monotonic(), () => clock.random());
    if (pauseMs === undefined) {
      this.log.error("An actor failed too often and stops", { error: sentenceOf(error) });
      this.stop();
      return;
    }
    this.log.warn("An actor failed and restarts", { error: sentenceOf(error), pauseMs: Math.round(pauseMs) });
    this.#state = "paused";
    this.timers.cancelAll();
    for (const child of this.#children.values()) child.stop();
    try {
      this.#behavior.preRestart?.(error, this);
    } catch (thrown) {
      // It is thrown away in any case.
      this.log.warn("An actor failed while it was put away", { error: sentenceOf(thrown) });
    }
    this.#restartTimer?.cancel();
    this.#restartTimer = clock.after(pauseMs, () => this.#restart());
  }

  #restart(): void {
    if (this.#state !== "paused" || this.#stopAsked) return;
    if (this.#children.size > 0) {
      // Its children go first: the last of them calls again.
      this.#restartTimer = undefined;
      return;
    }
    this.#restartTimer = undefined;
    this.#guard(() => {
      this.#stash.emptyInto(this.#mailbox);
      this.#behavior = make(this.#props);
      this.#state = "new";
    });
    this.#schedule();
  }

  #onChildStopped(name: string): void {
    this.#children.delete(name);
    if (this.#children.size > 0) return;
    if (this.#state === "stopping") this.#finishStop();
    else if (this.#state === "paused" && this.#restartTimer === undefined) this.#restart();
  }

  #beginStop(): void {
    if (this.#state === "stopping") return;
    this.#state = "stopping";
    this.#restartTimer?.cancel();
    this.timers.cancelAll();
    for (const child of this.#children.values()) child.stop();
    if (this.#children.size === 0) this.#finishStop();
  }

  #finishStop(): void {
    this.#state = "stopped";
    try {
      this.#behavior.postStop?.(this);
    } catch (thrown) {
      this.log.error("An actor failed while it stopped", { error: sentenceOf(thrown) });
    }
    this.timers.cancelAll();
    this.#stash.emptyInto(this.#mailbox);
    for (let left = this.#mailbox.shift(); left !== undefined; left = this.#mailbox.shift()) {
      this.#refuse(left, "actor stopped");
    }
    for (const watched of this.#watched) watched.removeWatcher(this);
    for (const notify of this.#watchers.values()) notify();
    this.#watchers.clear();
    this.#onStopped();
  }
}

function make<M>(props: Props<M>): Behavior<M> {
  return typeof props === "function" ? props() : props;
}

function watchable(ref: object): Watchable {
  assert("addWatcher" in ref && "removeWatcher" in ref, "only actors can be watched");
  return ref as Watchable;
}
