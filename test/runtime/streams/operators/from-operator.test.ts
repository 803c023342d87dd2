import * as rx from "rxjs";
import { describe, expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import { broken, breaksAt, elementsOf, probe, start } from "./probed-flow.ts";

const five = Source.from([1, 2, 3, 4, 5]);
const of = (operator: rx.OperatorFunction<number, unknown>) => Flow.fromOperator(operator);

test.each<[string, rx.OperatorFunction<number, unknown>, unknown[]]>([
  ["map", rx.map((n: number) => n * 2), [2, 4, 6, 8, 10]],
  ["filter", rx.filter((n: number) => n % 2 === 0), [2, 4]],
  ["mergeMap of many", rx.mergeMap((n: number) => [n, n, n]), [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5]],
  ["bufferCount, with its rest", rx.bufferCount(2), [[1, 2], [3, 4], [5]]],
  ["reduce, at the end", rx.reduce((sum: number, n: number) => sum + n), [15]],
  ["startWith, before any element", rx.startWith(0), [0, 1, 2, 3, 4, 5]],
  ["take, which ends by itself", rx.take(2), [1, 2]],
  ["repeat, which subscribes again after the end", rx.repeat(), [1, 2, 3, 4, 5]],
  ["concatMap of promises", rx.concatMap(async (n: number) => n), [1, 2, 3, 4, 5]],
  ["an operator of two subscriptions", (source) => rx.merge(source, source), [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]],
])("fromOperator runs %s, twice from one blueprint", async (_name, operator, expected) => {
  const flow = of(operator);
  expect(await elementsOf(five.via(flow))).toEqual(expected);
  expect(await elementsOf(five.via(flow))).toEqual(expected);
});

test("fromOperator asks for an element only while downstream waits and nothing is held", () => {
  const { upstream, downstream, allStopped } = probe(of(rx.mergeMap((n: number) => [n, n])));
  upstream.expectNoRequest();
  downstream.request(1);
  upstream.sendNext(1);
  downstream.expectNext(1);
  upstream.expectNoRequest();
  downstream.requestNext(1);
  upstream.expectNoRequest();
  downstream.request(1);
  upstream.expectRequest();
  downstream.cancel();
  upstream.expectCancellation();
  allStopped();
});

test("fromOperator hands at most as many elements to an operator as may be in it", () => {
  const gate = new rx.Subject<void>();
  const later = rx.concatMap((n: number) =>
    gate.pipe(
      rx.take(1),
      rx.map(() => n),
    ),
  );
  const { upstream, downstream, clock } = probe(Flow.fromOperator(later, { inFlightMax: 2 }));
  downstream.request(9);
  upstream.sendNext(1);
  upstream.sendNext(2);
  upstream.expectNoRequest();
  gate.next();
  clock.runSoon();
  downstream.expectNext(1);
  upstream.expectRequest();
  downstream.cancel();
});

describe("a buffer of 2 that three elements for one overflow", () => {
  const many = rx.mergeMap((n: number) => [n, n + 1, n + 2]);

  test.each([
    ["dropHead", [11, 12]],
    ["dropTail", [10, 12]],
    ["dropNew", [10, 11]],
  ] as const)("%s keeps %j", async (overflow, kept) => {
    expect(await elementsOf(Source.single(10).via(Flow.fromOperator(many, { bufferMax: 2, overflow })))).toEqual(kept);
  });

  test("fails where nothing is said, also with an operator that never ends", async () => {
    const endless = rx.mergeMap(() => rx.range(1, Number.POSITIVE_INFINITY));
    for (const operator of [many, endless]) {
      const flow = Flow.fromOperator(operator, { bufferMax: 2 });
      await expect(elementsOf(Source.single(10).via(flow))).rejects.toMatchObject({ code: "BUFFER_FULL" });
    }
    const source = Source.fromObservable(rx.range(1, Number.POSITIVE_INFINITY), { bufferMax: 2, overflow: "fail" });
    await expect(elementsOf(source)).rejects.toMatchObject({ code: "BUFFER_FULL" });
  });
});

test("an error of the operator overtakes what is held and cancels upstream; notified later, too", async () => {
  const gate = new rx.Subject<number>();
  const { upstream, downstream, clock, allStopped } = probe(of((source) => rx.merge(source, gate)));
  downstream.request(1);
  gate.next(1);
  gate.next(2);
  gate.error(broken);
  clock.runSoon();
  downstream.expectError(broken);
  expect(upstream.expectCancellation()).toBe(broken);
  allStopped();
  await expect(elementsOf(five.via(of(rx.map(breaksAt(3, (n) => n)))))).rejects.toBe(broken);
});

test("fromOperator begins anew with the element after one that failed, where the decider says so", async () => {
  const sums = of((source) =>
    source.pipe(
      rx.map(breaksAt(3, (n) => n)),
      rx.scan((sum, n) => sum + n, 0),
    ),
  );
  for (const directive of ["resume", "restart"] as const) {
    expect(await elementsOf(five.via(sums.withSupervision(() => directive)))).toEqual([1, 3, 4, 9]);
  }
  const never = of(() => rx.throwError(() => broken)).withSupervision(() => "resume");
  expect(await elementsOf(five.via(never))).toEqual([]);
  const throwing = of(() => {
    throw broken;
  });
  await expect(elementsOf(five.via(throwing))).rejects.toBe(broken);
  expect(await elementsOf(five.via(throwing.withSupervision(() => "resume")))).toEqual([]);
});

test("a failure of upstream goes through the operator, which may catch it, and no further round begins", async () => {
  const failing = five.map(breaksAt(3, (n) => n));
  expect(await elementsOf(failing.via(of(rx.catchError(() => [0]))))).toEqual([1, 2, 0]);
  for (const operator of [
    rx.tap<number>(),
    rx.retry<number>(),
    rx.catchError<number, rx.Observable<number>>((_, again) => again),
  ]) {
    const { clock, system } = start();
    const told = failing
      .via(Flow.fromOperator(operator).withSupervision(() => "resume"))
      .runWith(Sink.ignore(), system);
    await clock.settle();
    await expect(told).rejects.toBe(broken);
  }
});

test("retry subscribes again to what follows", async () => {
  let left = 2;
  const flaky = rx.map((n: number) => {
    if (n === 3 && left-- > 0) throw broken;
    return n;
  });
  expect(await elementsOf(five.via(of((source) => source.pipe(flaky, rx.retry(2)))))).toEqual([1, 2, 4, 5]);
});

test("the operator hears of a cancellation by being unsubscribed, and completion cancels upstream", () => {
  let finals = 0;
  const { upstream, downstream, allStopped } = probe(of(rx.finalize(() => (finals += 1))));
  downstream.cancel(broken);
  expect(upstream.expectCancellation()).toBe(broken);
  allStopped();
  expect(finals).toBe(1);
  const taking = probe(of(rx.mergeMap((n: number) => [n, n])).via(of(rx.take(3))));
  taking.downstream.request(9);
  taking.upstream.sendNext(1);
  taking.upstream.sendNext(2);
  taking.downstream.expectNext(1, 1, 2);
  taking.downstream.expectComplete();
  expect(taking.upstream.expectCancellation()).toBeUndefined();
  taking.allStopped();
});
