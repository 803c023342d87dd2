/**
 * Names an actor and takes messages for it, from anywhere. It outlives its actor: what is told then goes to the dead letters.
 */
export interface ActorRef<in M> {
  /** `<system>/<parent>/…/<name>`. */
  readonly path: string;
  /**
   * Puts a message into the mailbox and returns at once.
   *
   * @returns false where it was refused, as the mailbox is full or the actor has stopped; it is then a dead letter.
   */
  tell(message: M): boolean;
  /**
   * Tells a message that carries an address for the answer.
   *
   * @returns resolves with the answer.
   * @throws {EngineError} `ASK_TIMEOUT` after `timeoutMs`, retryable; `MAILBOX_FULL`, retryable; `ACTOR_STOPPED`.
   */
  ask<R>(make: (replyTo: ActorRef<R>) => M, timeoutMs: number): Promise<R>;
  /** Stops it after the current message, its children first. What still waits goes to the dead letters. */
  stop(): void;
}
