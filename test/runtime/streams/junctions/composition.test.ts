import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { elementsOf } from "../started.ts";

const other = Source.from([10, 20]);

/** Each operator as a source and as a flow has it, of 1, 2, 3. */
const operators: [string, Flow<number, unknown>, unknown[]][] = [
  ["concat", Flow.of<number>().concat(other), [1, 2, 3, 10, 20]],
  ["prepend", Flow.of<number>().prepend(other), [10, 20, 1, 2, 3]],
  ["orElse", Flow.of<number>().orElse(other), [1, 2, 3]],
  ["interleave", Flow.of<number>().interleave(other, 1), [1, 10, 2, 20, 3]],
  ["mergeSorted", Flow.of<number>().mergeSorted(other, (a, b) => b - a), [10, 20, 1, 2, 3]],
  [
    "zip",
    Flow.of<number>().zip(other),
    [
      [1, 10],
      [2, 20],
    ],
  ],
  ["zipWith", Flow.of<number>().zipWith(other, (own, theirs) => own - theirs), [-9, -18]],
  ["alsoTo", Flow.of<number>().alsoTo(Sink.ignore()), [1, 2, 3]],
  ["divertTo", Flow.of<number>().divertTo(Sink.ignore(), (n) => n === 2), [1, 3]],
  ["wireTap", Flow.of<number>().wireTap(Sink.ignore()), [1, 2, 3]],
  ["flatMapConcat", Flow.of<number>().flatMapConcat((n) => other.map((m) => m + n)), [11, 21, 12, 22, 13, 23]],
];

test.each(operators)(
  "%s with 10, 20, fused, on an island of its own, and twice from one blueprint",
  async (_name, flow, given) => {
    const source = Source.from([1, 2, 3]);
    expect(await elementsOf(source.via(flow))).toEqual(given);
    expect(await elementsOf(source.async().via(flow.async()))).toEqual(given);
    expect(await elementsOf(source.via(flow))).toEqual(given);
  },
);

test.each<[string, Flow<number, unknown>, unknown[]]>([
  ["merge", Flow.of<number>().merge(other), [1, 2, 3, 10, 20]],
  ["mergePreferred", Flow.of<number>().mergePreferred(other), [1, 2, 3, 10, 20]],
  ["flatMapMerge", Flow.of<number>().flatMapMerge(2, (n) => Source.single(n)), [1, 2, 3]],
])("%s gives every element, in some order", async (_name, flow, given) => {
  const elements = await elementsOf(Source.from([1, 2, 3]).via(flow));
  expect(new Set(elements)).toEqual(new Set(given));
  expect(elements.length).toBe(given.length);
});

test("mergeLatest and zipLatest end with the newest of both", async () => {
  const merged = await elementsOf(Source.from([1, 2, 3]).mergeLatest(other));
  expect(merged.at(-1)).toEqual([3, 20]);
  const zipped = await elementsOf(Source.from([1, 2, 3]).zipLatest(other, false));
  expect(zipped.at(-1)).toEqual([3, 20]);
});

test("zipAll pairs to the end of the longer one", async () => {
  expect(await elementsOf(Source.from([1, 2, 3]).zipAll(Source.from(["a"]), 0, "-"))).toEqual([
    [1, "a"],
    [2, "-"],
    [3, "-"],
  ]);
  expect(await elementsOf(Source.empty<number>().zipAll(Source.from(["a"]), 0, "-"))).toEqual([[0, "a"]]);
});

test("what an operator gives in types is what it gives", async () => {
  const pairs: Source<readonly [number, string]> = Source.single(1).zip(Source.single("a"));
  const both: Source<number | string> = Source.single(1).concat(Source.single("a"));
  expect(await elementsOf(pairs)).toEqual([[1, "a"]]);
  expect(await elementsOf(both)).toEqual([1, "a"]);
});
