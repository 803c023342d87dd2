import { expect, test } from "vitest";
import type { Publisher, Subscriber, Subscription } from "../../../runtime/streams/publisher.ts";
import { Recording } from "./recording.ts";
import type { Facts } from "./rule.ts";
import { rules, violationsOf } from "./rules.ts";

// Publishers, subscribers and subscriptions that break one rule each, at least; the checks must see it.

const failure = new Error("broken on purpose");
const idle: Subscription = { request: () => {}, cancel: () => {} };
const quiet: Subscriber<unknown> = { onSubscribe: () => {}, onNext: () => {}, onError: () => {}, onComplete: () => {} };
const asking: Subscriber<unknown> = { ...quiet, onSubscribe: (subscription) => subscription.request(1) };

interface Mutation {
  readonly publisher: Publisher<unknown>;
  readonly subscribers?: readonly Subscriber<unknown>[];
  readonly facts?: Facts;
  /** What happens in a later turn. */
  readonly later?: () => void;
}

const publishing = (say: (subscriber: Subscriber<unknown>) => void, subscription = idle): Publisher<unknown> => ({
  subscribe: (subscriber) => {
    subscriber.onSubscribe(subscription);
    say(subscriber);
  },
});

/** A publisher whose subscription answers a request or a cancellation by the given calls. */
function answering(
  onRequest: (subscriber: Subscriber<unknown>, count: number) => void,
  onCancel: (subscriber: Subscriber<unknown>) => void = () => {},
): Publisher<unknown> {
  return {
    subscribe: (subscriber) =>
      subscriber.onSubscribe({
        request: (count) => onRequest(subscriber, count),
        cancel: () => onCancel(subscriber),
      }),
  };
}

/** A subscriber that lets the test call its subscription. */
function held(): Subscriber<unknown> & { subscription: Subscription } {
  const subscriber = {
    ...quiet,
    subscription: idle,
    onSubscribe: (subscription: Subscription) => {
      subscriber.subscription = subscription;
    },
  };
  return subscriber;
}

function throwing(): never {
  throw failure;
}

const mutations: Readonly<Record<string, () => Mutation>> = {
  "1.1": () => ({ publisher: publishing((to) => to.onNext(1)) }),
  "1.3": () => ({ publisher: answering((to) => to.onNext(1)), subscribers: [asking] }),
  "1.4": () => ({ publisher: publishing(() => {}), facts: { end: "failed" } }),
  "1.5": () => ({ publisher: publishing(() => {}), facts: { end: "completed" } }),
  "1.6": () => ({ publisher: publishing((to) => [to.onComplete(), to.onError(failure)]) }),
  "1.7": () => ({ publisher: publishing((to) => [to.onError(failure), to.onNext(1)]), subscribers: [asking] }),
  "1.8": () => {
    const subscriber = held();
    let publish = () => {};
    const publisher = publishing((to) => {
      publish = () => to.onNext(1);
    });
    const later = () => {
      publish();
    };
    const cancelling = { ...quiet, onSubscribe: (s: Subscription) => [s.request(2), s.cancel()] as never };
    return { publisher, subscribers: [{ ...subscriber, ...cancelling }], later };
  },
  "1.9": () => ({ publisher: { subscribe: (to) => to.onComplete() } }),
  "1.10": () => ({ publisher: publishing(() => {}), subscribers: [quiet, quiet] }),
  "1.11": () => {
    let next = 0;
    const publisher = publishing((to) => {
      next += 1;
      to.onNext(next);
    });
    return { publisher, subscribers: [{ ...asking }, { ...asking }] };
  },
  "2.1": () => ({ publisher: publishing(() => {}), facts: { available: 1 } }),
  "2.3": () => {
    const subscriber = held();
    subscriber.onComplete = () => subscriber.subscription.cancel();
    return { publisher: publishing((to) => to.onComplete()), subscribers: [subscriber] };
  },
  "2.4": () => {
    const subscriber = held();
    return {
      publisher: publishing((to) => to.onComplete()),
      subscribers: [subscriber],
      later: () => subscriber.subscription.request(1),
    };
  },
  "2.5": () => ({ publisher: publishing((to) => to.onSubscribe(idle)) }),
  "2.6": () => ({ publisher: publishing(() => {}), facts: { subscriberDone: true } }),
  "2.8": () => {
    const subscriber = { ...held(), onNext: throwing };
    subscriber.onSubscribe = (subscription) => [subscription.request(1), subscription.cancel()] as never;
    return { publisher: publishing((to) => swallow(() => to.onNext(1))), subscribers: [subscriber] };
  },
  "2.9": () => ({
    publisher: publishing((to) => swallow(() => to.onComplete())),
    subscribers: [{ ...quiet, onComplete: throwing }],
  }),
  "2.10": () => ({
    publisher: publishing((to) => swallow(() => to.onError(failure))),
    subscribers: [{ ...quiet, onError: throwing }],
  }),
  "2.12": () => ({ publisher: publishing((to) => to.onSubscribe(idle)) }),
  "2.13": () => ({ publisher: publishing((to) => to.onNext(null)), subscribers: [asking] }),
  "3.2": () => ({
    publisher: { subscribe: (to) => swallow(() => to.onSubscribe({ ...idle, request: throwing })) },
    subscribers: [asking],
  }),
  "3.3": () => {
    const subscriber = held();
    let left = 3;
    subscriber.onNext = () => {
      left -= 1;
      if (left > 0) subscriber.subscription.request(1);
    };
    return {
      publisher: answering((to) => to.onNext(1)),
      subscribers: [subscriber],
      later: () => subscriber.subscription.request(1),
    };
  },
  "3.4": () => {
    const subscriber = held();
    const publisher = answering((to, count) => {
      for (let sent = 0; sent < count; sent += 1) to.onNext(sent);
    });
    return { publisher, subscribers: [subscriber], later: () => subscriber.subscription.request(1_000) };
  },
  "3.5": () => {
    const subscriber = held();
    const publisher = answering(
      () => {},
      (to) => to.onNext(1),
    );
    const later = () => [subscriber.subscription.request(1), subscriber.subscription.cancel()];
    return { publisher, subscribers: [subscriber], later };
  },
  "3.6": () => {
    const subscriber = held();
    const later = () => [subscriber.subscription.cancel(), subscriber.subscription.request(1)];
    return { publisher: answering((to) => to.onNext(1)), subscribers: [subscriber], later };
  },
  "3.7": () => {
    const subscriber = held();
    let cancels = 0;
    const publisher = answering(
      () => {},
      (to) => {
        cancels += 1;
        if (cancels > 1) to.onError(failure);
      },
    );
    const later = () => [subscriber.subscription.cancel(), subscriber.subscription.cancel()];
    return { publisher, subscribers: [subscriber], later };
  },
  "3.8": () => ({ publisher: publishing(() => {}), subscribers: [asking], facts: { available: 1 } }),
  "3.9": () => {
    const subscriber = held();
    return {
      publisher: publishing(() => {}),
      subscribers: [subscriber],
      later: () => subscriber.subscription.request(0),
    };
  },
  "3.12": () => {
    const subscriber = held();
    const publisher = answering(
      () => {},
      (to) => to.onNext(1),
    );
    return { publisher, subscribers: [subscriber], later: () => subscriber.subscription.cancel() };
  },
  "3.15": () => {
    const subscriber = held();
    const later = () => swallow(() => subscriber.subscription.cancel());
    return { publisher: publishing(() => {}, { ...idle, cancel: throwing }), subscribers: [subscriber], later };
  },
  "3.16": () => {
    const subscriber = held();
    const later = () => swallow(() => subscriber.subscription.request(1));
    return { publisher: publishing(() => {}, { ...idle, request: throwing }), subscribers: [subscriber], later };
  },
  "3.17": () => {
    const subscriber = held();
    let demand = 0;
    const publisher = answering((to, count) => {
      demand += count;
      if (demand > Number.MAX_SAFE_INTEGER) to.onError(failure);
    });
    const huge = Number.MAX_SAFE_INTEGER;
    const later = () => [subscriber.subscription.request(huge), subscriber.subscription.request(huge)];
    return { publisher, subscribers: [subscriber], later, facts: { end: "open" } };
  },
};

test("every rule that is checked on tapes has a mutation", () => {
  const checked = Object.keys(rules).filter((number) => rules[number]?.broken !== undefined);
  expect(Object.keys(mutations)).toEqual(checked);
});

test.each(Object.entries(mutations))("whoever breaks rule %s is caught", (number, mutation) => {
  const recording = new Recording();
  const { publisher, subscribers = [quiet], facts, later } = mutation();
  for (const subscriber of subscribers) swallow(() => recording.between(publisher).subscribe(subscriber));
  recording.turn += 1;
  later?.();
  expect(violationsOf(recording, facts)).toContain(number);
});

/** What it throws is on the tape. */
function swallow(run: () => void): void {
  try {
    run();
  } catch {
    // Looked at by the checks.
  }
}
