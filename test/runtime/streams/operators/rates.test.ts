import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { breaksAt, broken, probe } from "./probed-flow.ts";

const flow = Flow.of<number>();
const list = (n: number) => [n];
const append = (elements: number[], n: number) => [...elements, n];

test("conflate never backpressures, and gives the sum since the last demand", () => {
  const { upstream, downstream, allStopped } = probe(flow.conflate((a, b) => a + b));
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  downstream.request(1);
  downstream.expectNext(6);
  downstream.request(1);
  downstream.expectNoMessage();
  upstream.sendNext(4);
  downstream.expectNext(4);
  upstream.sendNext(5);
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext(5);
  downstream.expectComplete();
  allStopped();
});

test("conflateWithSeed begins each sum anew", () => {
  const { upstream, downstream } = probe(flow.conflateWithSeed(list, append));
  for (const n of [1, 2]) upstream.sendNext(n);
  downstream.requestNext([1, 2]);
  upstream.sendNext(3);
  downstream.requestNext([3]);
});

test("a batch takes one element beyond its weight, then backpressures; it loses none", () => {
  const { upstream, downstream, allStopped } = probe(flow.batch(2, list, append));
  for (const n of [1, 2, 3]) upstream.sendNext(n);
  upstream.expectNoRequest();
  downstream.requestNext([1, 2]);
  upstream.expectRequest();
  upstream.sendNext(4);
  upstream.sendNext(5);
  upstream.sendComplete();
  downstream.requestNext([3, 4]);
  downstream.request(1);
  downstream.expectNext([5]);
  downstream.expectComplete();
  allStopped();
});

test("an element heavier than a batch may be is a batch by itself", () => {
  const { upstream, downstream } = probe(flow.batchWeighted(5, (n) => n, list, append));
  for (const n of [2, 3, 9]) upstream.sendNext(n);
  upstream.expectNoRequest();
  downstream.requestNext([2, 3]);
  upstream.sendNext(1);
  downstream.requestNext([9]);
  upstream.sendComplete();
  downstream.requestNext([1]);
  downstream.expectComplete();
});

test("a batch whose functions break fails, and the failure overtakes the batch", () => {
  const { upstream, downstream, allStopped } = probe(flow.batch(9, breaksAt(3, list), append));
  upstream.sendNext(3);
  downstream.expectError(broken);
  allStopped();
  const failed = probe(flow.batch(9, list, append));
  failed.upstream.sendNext(1);
  failed.upstream.sendError(broken);
  failed.downstream.expectError(broken);
});

test("expand repeats while upstream is slow, gives each element at least once, and waits with the end for it", () => {
  function* forever(n: number): Generator<number> {
    while (true) yield n;
  }
  const { upstream, downstream, allStopped } = probe(flow.expand(forever));
  upstream.sendNext(1);
  upstream.expectNoRequest();
  downstream.request(3);
  downstream.expectNext(1, 1, 1);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  upstream.sendComplete();
  downstream.request(1);
  downstream.expectNext(2);
  downstream.expectComplete();
  allStopped();
});

test("an expansion that ends waits for the next element, an empty one is passed over", () => {
  const { upstream, downstream } = probe(flow.expand((n) => new Array<number>(n).fill(n)));
  upstream.sendNext(0);
  downstream.request(9);
  downstream.expectNoMessage();
  upstream.sendNext(2);
  downstream.expectNext(2, 2);
  downstream.expectNoMessage();
  upstream.sendNext(1);
  downstream.expectNext(1);
  upstream.sendComplete();
  downstream.expectComplete();
});

test("expand returns the iterator it leaves", () => {
  const left: number[] = [];
  function* watched(n: number): Generator<number> {
    try {
      while (true) yield n;
    } finally {
      left.push(n);
    }
  }
  const { upstream, downstream, allStopped } = probe(flow.expand(watched));
  downstream.request(1);
  upstream.sendNext(1);
  upstream.sendNext(2);
  expect(left).toEqual([1]);
  downstream.cancel();
  expect(left).toEqual([1, 2]);
  allStopped();
});

test("extrapolate emits each element, then more of it, beginning with the initial one", () => {
  const { upstream, downstream } = probe(flow.extrapolate((n) => [n * 10, n * 100], 9));
  upstream.expectNoRequest();
  downstream.request(3);
  downstream.expectNext(9, 90, 900);
  upstream.sendNext(1);
  downstream.request(1);
  downstream.expectNext(1);
  upstream.sendNext(2);
  downstream.requestNext(2);
  upstream.sendComplete();
  downstream.expectComplete();
});
