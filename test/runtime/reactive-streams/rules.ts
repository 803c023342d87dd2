import { publisherRules } from "./publisher-rules.ts";
import type { Recording } from "./recording.ts";
import type { Facts, Rule } from "./rule.ts";
import { subscriberRules } from "./subscriber-rules.ts";
import { subscriptionRules } from "./subscription-rules.ts";

/** Every rule of the specification, by its number. */
export const rules: Readonly<Record<string, Rule>> = { ...publisherRules, ...subscriberRules, ...subscriptionRules };

/** Numbers of the rules that what was recorded breaks, in order. */
export function violationsOf(recording: Recording, facts: Facts = {}): string[] {
  return Object.entries(rules)
    .filter(([, rule]) => rule.broken?.(recording.tapes, facts) === true)
    .map(([number]) => number);
}
