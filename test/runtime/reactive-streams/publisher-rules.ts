import { after, isCancel, isTerminal, isValidRequest, perTape, type Rule, signalKinds } from "./rule.ts";

/** Section 1 of the specification. */
export const publisherRules: Readonly<Record<string, Rule>> = {
  "1.1": perTape("no more onNext than was requested", (tape) => {
    let demand = 0;
    return tape.signals.some((signal) => {
      if (isValidRequest(signal)) demand += signal.value as number;
      else if (signal.kind === "onNext") demand -= 1;
      return demand < 0;
    });
  }),
  "1.2": { says: "fewer onNext than requested, then an end", reason: "It permits; 1.5 and 3.8 demand." },
  "1.3": perTape("signals are never inside one another", (tape) =>
    tape.of(...signalKinds).some(({ inside }) => inside.some((kind) => signalKinds.includes(kind as never))),
  ),
  "1.4": perTape("a failure is signalled by one onError", (tape, { end }) => {
    return end === "failed" && !tape.signals.some(isCancel) && tape.of("onError").length !== 1;
  }),
  "1.5": perTape("the end is signalled by one onComplete", (tape, { end }) => {
    return end === "completed" && !tape.signals.some(isCancel) && tape.of("onComplete").length !== 1;
  }),
  "1.6": perTape("an end is signalled once", (tape) => tape.signals.filter(isTerminal).length > 1),
  "1.7": perTape("nothing is signalled after the end", (tape) =>
    after(tape, isTerminal).some(({ kind }) => signalKinds.includes(kind as never)),
  ),
  "1.8": perTape("signals stop after a cancellation: here, with its turn", (tape) => {
    const cancelled = tape.signals.find(isCancel)?.turn ?? Number.POSITIVE_INFINITY;
    return tape.of(...signalKinds).some(({ turn, subscription }) => subscription === 0 && turn > cancelled);
  }),
  "1.9": perTape("onSubscribe comes first and once, and subscribe returns normally", (tape) => {
    const signals = tape.of(...signalKinds);
    const [subscribe] = tape.of("subscribe");
    const first = signals[0] === undefined || signals[0].kind === "onSubscribe";
    return !first || tape.of("onSubscribe").length === 0 || subscribe?.thrown !== undefined;
  }),
  "1.10": perTape("no subscriber is subscribed twice", ({ again }) => again),
  "1.11": {
    says: "subscribers of one publisher that stay from the start see the same elements",
    broken: (tapes) => {
      const [first, ...others] = tapes.filter((tape) => tape.of("onNext").length > 0);
      return others.some((tape) => {
        const count = Math.min(tape.of("onNext").length, first?.of("onNext").length ?? 0);
        const elements = (of: typeof tape | undefined) => of?.of("onNext").slice(0, count) ?? [];
        return elements(tape).some(({ value }, index) => value !== elements(first)[index]?.value);
      });
    },
  },
};
