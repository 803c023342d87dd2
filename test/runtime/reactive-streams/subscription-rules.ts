import { after, isCancel, isTerminal, isValidRequest, perTape, type Rule } from "./rule.ts";

/** Elements that one call may bring before it returns. */
const burstMax = 64;

/** Section 3 of the specification. */
export const subscriptionRules: Readonly<Record<string, Rule>> = {
  "3.1": {
    says: "it is called in the context of its subscriber",
    reason: "There is one thread; nothing could tell a context.",
  },
  "3.2": perTape("request may be called inside onNext and onSubscribe", (tape) =>
    tape.of("request").some(({ inside, thrown }) => {
      return (inside.includes("onNext") || inside.includes("onSubscribe")) && thrown !== undefined;
    }),
  ),
  "3.3": perTape("request, onNext, request do not nest", (tape) =>
    tape.of("onNext").some(({ inside }) => inside.includes("onNext")),
  ),
  "3.4": perTape(`request is quick: it brings at most ${burstMax} elements before it returns`, (tape) => {
    let burst = 0;
    return tape.signals.some(({ kind, inside }) => {
      if (kind === "request" && !inside.includes("request")) burst = 0;
      if (kind === "onNext" && inside.includes("request")) burst += 1;
      return burst > burstMax;
    });
  }),
  "3.5": perTape("cancel is quick: no element is inside it", (tape) =>
    tape.of("onNext").some(({ inside }) => inside.includes("cancel")),
  ),
  "3.6": perTape("request does nothing after a cancellation", (tape) => {
    const late = after(tape, isCancel);
    const asked = late.findIndex(({ kind }) => kind === "request");
    const [request] = late.slice(asked);
    return asked >= 0 && (request?.thrown !== undefined || late.slice(asked).some(({ kind }) => kind === "onNext"));
  }),
  "3.7": perTape("cancel does nothing after a cancellation", (tape) =>
    after(tape, isCancel).some((signal, index, late) => {
      if (!isCancel(signal)) return false;
      return signal.thrown !== undefined || late.slice(index).some(isTerminal);
    }),
  ),
  "3.8": perTape("a request adds to what may be sent", (tape, { available }) => {
    if (available === undefined || tape.signals.some(isCancel) || tape.of("onError").length > 0) return false;
    const demand = tape.signals.filter(isValidRequest).reduce((sum, { value }) => sum + (value as number), 0);
    return tape.of("onNext").length < Math.min(available, demand);
  }),
  "3.9": perTape("a request of no whole number from 1 is answered with onError", (tape) => {
    const ends = tape.signals.findIndex((signal) => isTerminal(signal) || isCancel(signal));
    const wrong = tape.signals.findIndex((signal) => signal.kind === "request" && !isValidRequest(signal));
    if (wrong < 0 || (ends >= 0 && ends < wrong)) return false;
    const { thrown, subscription } = tape.signals[wrong] ?? { thrown: undefined, subscription: 0 };
    const cancelled = tape.signals.slice(wrong).some(isCancel);
    return subscription === 0 && (thrown !== undefined || (!cancelled && tape.of("onError").length === 0));
  }),
  "3.10": { says: "request may call onNext at once", reason: "It permits; scripts answer at once and later." },
  "3.11": {
    says: "request may call onComplete or onError at once",
    reason: "It permits; scripts answer at once and later.",
  },
  "3.12": perTape("cancel ends the signals: what is under way is at most what was requested", (tape) => {
    const cancelled = tape.signals.findIndex(isCancel);
    const before = tape.signals.slice(0, Math.max(0, cancelled));
    const asked = before.filter(isValidRequest).reduce((sum, { value }) => sum + (value as number), 0);
    const left = asked - before.filter(({ kind }) => kind === "onNext").length;
    return after(tape, isCancel).filter(({ kind }) => kind === "onNext").length > left;
  }),
  "3.13": { says: "after a cancellation the subscriber is forgotten", proof: "references.test.ts" },
  "3.14": { says: "a cancellation may end the publisher", reason: "It permits." },
  "3.15": perTape("cancel returns normally", (tape) => tape.of("cancel").some(({ thrown }) => thrown !== undefined)),
  "3.16": perTape("request returns normally", (tape) => tape.of("request").some(({ thrown }) => thrown !== undefined)),
  "3.17": perTape("demand may grow beyond what a number counts", (tape, { end }) => {
    const requests = tape.of("request");
    const sum = requests.reduce((total, { value }) => total + (value as number), 0);
    const beyond = sum > Number.MAX_SAFE_INTEGER && requests.every(isValidRequest);
    return beyond && (end === "open" || end === "completed") && tape.of("onError").length > 0;
  }),
};
