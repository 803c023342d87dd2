import type { Clock } from "../clock/clock.ts";
import { EngineError } from "../errors.ts";
import type { ActorRef } from "./actor-ref.ts";

/** Sends `message` by `tell` and waits for the first answer; those that come later or too late are refused. @see ActorRef.ask */
export function ask<M, R>(
  path: string,
  clock: Clock,
  tell: (message: M) => "told" | "full" | "stopped",
  make: (replyTo: ActorRef<R>) => M,
  timeoutMs: number,
): Promise<R> {
  return new Promise<R>((resolve, reject) => {
    const replyTo = new ReplyAddress<R>(`${path}/ask`, (answer) => {
      timer.cancel();
      resolve(answer);
    });
    const timer = clock.after(timeoutMs, () => {
      replyTo.stop();
      const sentence = `Cannot ask "${path}" as it must answer within ${timeoutMs} ms: it is silent`;
      reject(new EngineError("ASK_TIMEOUT", sentence, { retryable: true }));
    });
    const told = tell(make(replyTo));
    if (told === "told") return;
    timer.cancel();
    const sentence = `Cannot ask "${path}" as it must take messages: it is ${told}`;
    reject(
      new EngineError(told === "full" ? "MAILBOX_FULL" : "ACTOR_STOPPED", sentence, { retryable: told === "full" }),
    );
  });
}

/** Takes one answer; what comes too late, or once more, is refused. */
class ReplyAddress<R> implements ActorRef<R> {
  readonly path: string;
  #onAnswer: ((answer: R) => void) | undefined;

  constructor(path: string, onAnswer: (answer: R) => void) {
    this.path = path;
    this.#onAnswer = onAnswer;
  }

  tell(answer: R): boolean {
    const onAnswer = this.#onAnswer;
    this.#onAnswer = undefined;
    onAnswer?.(answer);
    return onAnswer !== undefined;
  }

  ask<A>(): Promise<A> {
    return Promise.reject(
      new EngineError(
        "ACTOR_STOPPED",
        `Cannot ask "${this.path}" as only an actor answers: it is an address for one answer`,
      ),
    );
  }

  stop(): void {
    this.#onAnswer = undefined;
  }
}
