import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { Recording } from "./recording.ts";
import { rules, violationsOf } from "./rules.ts";

test("every rule of the specification is checked, or proven by a test, or has a reason why it cannot be", () => {
  const sections = { 1: 11, 2: 13, 3: 17 };
  const numbers = Object.entries(sections).flatMap(([section, count]) =>
    Array.from({ length: count }, (_, index) => `${section}.${index + 1}`),
  );
  expect(Object.keys(rules)).toEqual(numbers);
  for (const [number, rule] of Object.entries(rules)) {
    const ways = [rule.broken, rule.proof, rule.reason].filter((way) => way !== undefined);
    expect(ways, number).toHaveLength(1);
    if (rule.proof !== undefined) expect(existsSync(new URL(rule.proof, import.meta.url))).toBe(true);
  }
});

test("docs/reference/reactive-streams.md tells how each rule is proved; `npx vitest run <this file> -u` writes it", async () => {
  const rows = Object.entries(rules).map(([number, { says, broken, proof, reason }]) => {
    const how =
      reason ?? (broken === undefined ? `By a test of its own, \`${proof}\`.` : "On every edge of every script.");
    return `| ${number} | ${says} | ${how} | ${broken === undefined ? "" : "caught"} |`;
  });
  const page = [
    "# Reactive Streams",
    "",
    "How each rule of the [specification](https://github.com/reactive-streams/reactive-streams-jvm#specification) is proved. A recording",
    "proxy stands between each public operator and a scripted publisher and subscriber, and between hubs and all who join and leave; the",
    "scripts are random, and a seed reproduces them. In the last column, whoever breaks the rule on purpose is caught by the same check.",
    "",
    "| rule | what holds | how it is proved, or why it cannot be broken here | broken on purpose |",
    "| --- | --- | --- | --- |",
    ...rows,
    "",
  ];
  await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/reference/reactive-streams.md");
});

test("an exemplary exchange breaks no rule", () => {
  const recording = new Recording();
  recording
    .between<number>({
      subscribe: (subscriber) => {
        subscriber.onSubscribe({ request: () => {}, cancel: () => {} });
        subscriber.onNext(1);
        subscriber.onComplete();
      },
    })
    .subscribe({
      onSubscribe: (subscription) => subscription.request(2),
      onNext: () => {},
      onError: () => {},
      onComplete: () => {},
    });
  expect(violationsOf(recording, { end: "completed", available: 1 })).toEqual([]);
});
