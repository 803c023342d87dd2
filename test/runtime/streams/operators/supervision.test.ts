import { expect, test } from "vitest";
import { Flow } from "../../../../runtime/streams/flow.ts";
import { Source } from "../../../../runtime/streams/source.ts";
import type { Directive } from "../../../../runtime/streams/supervised-stage.ts";
import { breaksAt, broken, elementsOf, probe } from "./probed-flow.ts";

const flow = Flow.of<number>();
const same = (n: number) => n;
const bad = breaksAt(3, same);
const badAdd = (sum: number, n: number) => sum + bad(n);
const list = (n: number) => [n];
const badAppend = (elements: number[], n: number) => [...elements, bad(n)];
const sums = () => 0;
const badPair = (sum: number, n: number): [number, number] => [sum + bad(n), sum + n];
const rejectsAt3 = async (n: number) => bad(n);

function* breaksAfterOne(n: number): Generator<number> {
  yield n;
  yield bad(n);
}

/** Of one to five, where the function breaks at three. */
test.each<[string, Flow<number, unknown>, unknown[], unknown[]]>([
  ["map", flow.map(bad), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["filter", flow.filter((n) => bad(n) > 1), [2, 4, 5], [2, 4, 5]],
  ["collect", flow.collect(bad), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapConcat", flow.mapConcat((n) => [bad(n)]), [1, 2, 4, 5], [1, 2, 4, 5]],
  [
    "mapConcat whose iterator breaks",
    flow.mapConcat(breaksAfterOne),
    [1, 1, 2, 2, 3, 4, 4, 5, 5],
    [1, 1, 2, 2, 3, 4, 4, 5, 5],
  ],
  ["takeWhile", flow.takeWhile((n) => bad(n) < 5), [1, 2, 4], [1, 2, 4]],
  ["dropWhile", flow.dropWhile((n) => bad(n) < 4), [4, 5], [4, 5]],
  ["scan", flow.scan(0, badAdd), [0, 1, 3, 7, 12], [0, 1, 3, 0, 4, 9]],
  ["scanAsync", flow.scanAsync(0, badAdd), [0, 1, 3, 7, 12], [0, 1, 3, 4, 9]],
  ["scanAsync of promises", flow.scanAsync(0, async (sum, n) => sum + bad(n)), [0, 1, 3, 7, 12], [0, 1, 3, 4, 9]],
  ["fold", flow.fold(0, badAdd), [12], [9]],
  ["reduce", flow.reduce(badAdd), [12], [9]],
  ["statefulMap", flow.statefulMap(sums, badPair), [1, 3, 7, 12], [1, 3, 4, 9]],
  ["statefulMap with a last element", flow.statefulMap(sums, badPair, same), [1, 3, 7, 12, 12], [1, 3, 3, 4, 9, 9]],
  ["mapAsync", flow.mapAsync(2, rejectsAt3), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsync that throws", flow.mapAsync(2, bad), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsyncUnordered", flow.mapAsyncUnordered(1, rejectsAt3), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsyncUnordered that throws", flow.mapAsyncUnordered(2, bad), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsyncPartitioned", flow.mapAsyncPartitioned(2, same, rejectsAt3), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsyncPartitioned of one key", flow.mapAsyncPartitioned(4, sums, rejectsAt3), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["mapAsyncPartitioned whose key breaks", flow.mapAsyncPartitioned(2, bad, same), [1, 2, 4, 5], [1, 2, 4, 5]],
  ["limitWeighted", flow.limitWeighted(12, bad), [1, 2, 4, 5].slice(0, 4), [1, 2, 4, 5]],
])("%s drops an element on resume, and its state too on restart", async (_name, each, resumed, restarted) => {
  const run = (directive: Directive) =>
    elementsOf(Source.from([1, 2, 3, 4, 5]).via(each.withSupervision(() => directive)));
  expect(await run("resume")).toEqual(resumed);
  expect(await run("restart")).toEqual(restarted);
  await expect(run("stop")).rejects.toBe(broken);
  await expect(elementsOf(Source.from([1, 2, 3, 4, 5]).via(each))).rejects.toBe(broken);
});

test.each<[Directive, number[]]>([
  ["resume", [1, 2, 4]],
  ["restart", [4]],
])("a batch whose function breaks, with %s, gives what is left", (directive, left) => {
  const batch = flow.batch(9, list, badAppend).withSupervision(() => directive);
  const { upstream, downstream } = probe(batch);
  for (const n of [1, 2, 3, 4]) upstream.sendNext(n);
  downstream.request(1);
  downstream.expectNext(left);
});

test("a decider is asked once for each failure, with the error", async () => {
  const errors: Error[] = [];
  const supervised = flow.map(bad).withSupervision((error) => {
    errors.push(error);
    return "resume";
  });
  expect(await elementsOf(Source.from([3, 1, 3]).via(supervised))).toEqual([1]);
  expect(errors).toEqual([broken, broken]);
});

test("the nearest decider counts, and reaches across boundaries and names", async () => {
  const inner = flow.map(bad).withSupervision(() => "resume");
  const source = Source.from([3, 1]).map(bad).async().named("outer");
  expect(
    await elementsOf(
      Source.from([3, 1])
        .via(inner)
        .withSupervision(() => "stop"),
    ),
  ).toEqual([1]);
  expect(await elementsOf(source.withSupervision(() => "resume"))).toEqual([1]);
  await expect(elementsOf(source.via(inner))).rejects.toBe(broken);
});

test("what a decider throws fails the stage", async () => {
  const worse = new Error("worse");
  const supervised = flow.map(bad).withSupervision(() => {
    throw worse;
  });
  await expect(elementsOf(Source.single(3).via(supervised))).rejects.toBe(worse);
});

test("a result that is no element is a failure for the decider", async () => {
  const some = flow.map((n) => (n === 3 ? undefined : n));
  expect(await elementsOf(Source.from([1, 3, 5]).via(some.withSupervision(() => "resume")))).toEqual([1, 5]);
  await expect(elementsOf(Source.single(3).via(some))).rejects.toMatchObject({ code: "STAGE_FAILED" });
  const sums = flow.scan<number | undefined>(0, (sum, n) => (n === 3 ? undefined : (sum ?? Number.NaN) + n));
  expect(await elementsOf(Source.from([1, 3, 5]).via(sums.withSupervision(() => "resume")))).toEqual([0, 1, 6]);
});

test("a stream that ends while its last element fails completes", async () => {
  const resumed = flow.scanAsync(0, rejectsOf3).withSupervision(() => "resume");
  expect(await elementsOf(Source.single(3).via(resumed))).toEqual([0]);
  const dropped = flow.mapAsync(1, rejectsAt3).withSupervision(() => "resume");
  expect(await elementsOf(Source.single(3).via(dropped))).toEqual([]);
});

async function rejectsOf3(sum: number, n: number): Promise<number> {
  return sum + bad(n);
}

test("statefulMap hands its last element on before the failure, and calls onComplete once", () => {
  const ends: number[] = [];
  const each = flow.statefulMap(sums, badPair, (sum) => {
    ends.push(sum);
    return sum;
  });
  const { upstream, downstream, allStopped } = probe(each);
  downstream.request(2);
  upstream.sendNext(1);
  upstream.sendNext(3);
  downstream.expectNext(1, 1);
  downstream.expectError(broken);
  allStopped();
  const failed = probe(each);
  failed.upstream.sendError(broken);
  failed.downstream.requestNext(0);
  failed.downstream.expectError(broken);
  const cancelled = probe(each);
  cancelled.downstream.cancel();
  cancelled.allStopped();
  expect(ends).toEqual([1, 0, 0]);
});
