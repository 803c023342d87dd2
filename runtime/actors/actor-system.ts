import type { Clock } from "../clock/clock.ts";
import { EngineError } from "../errors.ts";
import { type Log, silentLog } from "../log.ts";
import { ActorCell, type Relative, type CellHost } from "./actor-cell.ts";
import type { ActorRef } from "./actor-ref.ts";
import type { Props, SpawnOptions } from "./behavior.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Dispatcher } from "./dispatcher.ts";
import { SystemResources } from "./system-resources.ts";

export interface ActorSystemOptions {
  readonly clock: Clock;
  /** Default: silent. */
  readonly log?: Log;
  /** The first part of every path. Default "millrace". */
  readonly name?: string;
  /** Messages that wait at most for an actor that does not say. Default 1,024. */
  readonly mailboxMax?: number;
  /** How long actors run before I/O has its chance, in ms. Default 0.5. */
  readonly turnMs?: number;
}

/** A tree of actors that take turns on one thread. */
export class ActorSystem {
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly deadLetters = new DeadLetters();
  /** Closed when every actor has stopped. */
  readonly resources = new SystemResources();
  readonly #host: CellHost;
  readonly #actors = new Map<string, Relative>();
  readonly #terminated: Promise<void>;
  #onTerminated: () => void = () => {};
  #terminating = false;
  #names = 0;

  constructor(options: ActorSystemOptions) {
    this.name = options.name ?? "millrace";
    this.clock = options.clock;
    this.log = options.log ?? silentLog;
    this.#host = {
      system: this,
      clock: this.clock,
      log: this.log,
      dispatcher: new Dispatcher(this.clock, options.turnMs ?? 0.5),
      mailboxMax: options.mailboxMax ?? 1_024,
      deadLetter: (letter) => this.deadLetters.add(letter),
    };
    this.#terminated = new Promise((resolve) => {
      this.#onTerminated = resolve;
    });
  }

  /** Paths of the actors without a parent that have not stopped. */
  get running(): readonly string[] {
    return [...this.#actors.values()].map((cell) => cell.path);
  }

  /** Resolves once `terminate` was called, every actor has stopped and the resources are closed. */
  get terminated(): Promise<void> {
    return this.#terminated;
  }

  /**
   * Starts an actor; its first turn comes later.
   *
   * @throws {EngineError} `SETTING_DUPLICATE` where the name is taken, `ACTOR_STOPPED` where the system terminates.
   */
  spawn<M>(props: Props<M>, name: string, options: SpawnOptions = {}): ActorRef<M> {
    const path = `${this.name}/${name}`;
    if (this.#terminating) {
      throw new EngineError("ACTOR_STOPPED", `Cannot spawn "${path}" as the system must run: it is terminating`);
    }
    if (this.#actors.has(name)) {
      throw new EngineError(
        "SETTING_DUPLICATE",
        `Cannot spawn "${path}" as the names of siblings must differ: it is taken`,
      );
    }
    const cell = new ActorCell<M>(this.#host, undefined, path, props, options, () => this.#onStopped(name));
    this.#actors.set(name, cell);
    return cell;
  }

  /** `<prefix>-<number>`, never given before by this system. */
  uniqueName(prefix: string): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Stops every actor, children first. May be called again. */
  terminate(): Promise<void> {
    if (!this.#terminating) {
      this.#terminating = true;
      for (const cell of this.#actors.values()) cell.stop();
      if (this.#actors.size === 0) this.#release();
    }
    return this.#terminated;
  }

  #onStopped(name: string): void {
    this.#actors.delete(name);
    if (this.#terminating && this.#actors.size === 0) this.#release();
  }

  #release(): void {
    this.resources.close().then(this.#onTerminated, this.#onTerminated);
  }
}
