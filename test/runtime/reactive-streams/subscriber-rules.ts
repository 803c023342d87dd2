import { after, isCancel, isTerminal, perTape, type Rule } from "./rule.ts";

/** Section 2 of the specification. */
export const subscriberRules: Readonly<Record<string, Rule>> = {
  "2.1": perTape("who wants elements requests them", (tape, { available = 0, subscriberDone }) => {
    const told = tape.of("onSubscribe").length > 0 && !tape.signals.some(isTerminal) && !tape.signals.some(isCancel);
    return told && available > 0 && subscriberDone !== true && tape.of("request").length === 0;
  }),
  "2.2": {
    says: "a subscriber does not block its publisher",
    reason: "Signals are calls on one thread, so its work counts as theirs.",
  },
  "2.3": perTape("an end is no place to call the subscription", (tape) =>
    tape.of("request", "cancel").some(({ inside }) => inside.includes("onError") || inside.includes("onComplete")),
  ),
  "2.4": perTape("after an end the subscription counts as cancelled", (tape) =>
    after(tape, isTerminal).some(({ kind, inside }) => kind === "request" && inside.length === 0),
  ),
  "2.5": perTape("a second subscription is cancelled", (tape) => {
    const second = tape.of("onSubscribe").some(({ subscription }) => subscription > 0);
    return second && !tape.of("cancel").some(({ subscription }) => subscription > 0);
  }),
  "2.6": perTape("who wants nothing more cancels", (tape, { subscriberDone }) => {
    const told = tape.of("onSubscribe").length > 0;
    return told && subscriberDone === true && !tape.signals.some(isTerminal) && !tape.signals.some(isCancel);
  }),
  "2.7": {
    says: "calls of one subscription are serial",
    reason: "One thread: two calls cannot overlap but by nesting, which 3.3 bounds.",
  },
  "2.8": perTape("elements under way when it cancelled are tolerated", (tape) =>
    after(tape, isCancel).some(({ kind, thrown }) => kind === "onNext" && thrown !== undefined),
  ),
  "2.9": perTape("an onComplete is taken with or without a request before", (tape) =>
    tape.of("onComplete").some(({ thrown }) => thrown !== undefined),
  ),
  "2.10": perTape("an onError is taken with or without a request before", (tape) =>
    tape.of("onError").some(({ thrown, value }) => thrown !== undefined && value !== undefined && value !== null),
  ),
  "2.11": {
    says: "a signal is processed after the one before",
    reason: "A call returns before the next, by 1.3; memory is one thread's.",
  },
  "2.12": perTape(
    "onSubscribe is called once for a subscriber",
    (tape) => tape.again || tape.of("onSubscribe").length > 1,
  ),
  "2.13": perTape("signals return normally, and throw where their argument is missing", (tape) =>
    tape.of("onNext", "onError", "onSubscribe", "onComplete").some(({ kind, value, thrown }) => {
      const missing = (kind === "onNext" || kind === "onError") && (value === undefined || value === null);
      return missing ? thrown === undefined : thrown !== undefined;
    }),
  ),
};
