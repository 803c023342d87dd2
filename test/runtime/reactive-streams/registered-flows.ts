import * as rx from "rxjs";
import { Flow } from "../../../runtime/streams/flow.ts";
import { KillSwitches } from "../../../runtime/streams/kill-switches.ts";
import { RestartFlow } from "../../../runtime/streams/restart/restart-flow.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";

const numbers = () => Flow.of<number>();
const restarts = { backoffMinMs: 5, backoffMaxMs: 20, restartsMax: 3 };
const others = () => Source.from([2, 4, 6, 8, 10]);

/** Every public operator with an inlet and an outlet; what stands in brackets tells variants apart. Each call makes a fresh one. */
export const flows: Readonly<Record<string, () => Flow<number, unknown, unknown>>> = {
  "Flow.of": numbers,
  "Flow.fromOperator": () => Flow.fromOperator<number, number>(rx.map((n) => n * 2)),
  "Flow.fromOperator (fails)": () => Flow.fromOperator<number, number>(rx.map(throwsAt(7))),
  "Flow.fromOperator (fewer for many)": () => Flow.fromOperator<number, number[]>(rx.bufferCount(3)),
  "Flow.fromOperator (later)": () =>
    Flow.fromOperator<number, number>(
      rx.concatMap((n) => Promise.resolve(n)),
      { inFlightMax: 2 },
    ),
  "Flow.fromOperator (many for one)": () =>
    Flow.fromOperator<number, number>(
      rx.mergeMap((n) => [n, n, n]),
      { bufferMax: 3 },
    ),
  "Flow.fromOperator (overflows)": () =>
    Flow.fromOperator<number, number>(
      rx.mergeMap((n) => [n, n, n]),
      { bufferMax: 2 },
    ),
  "Flow.fromOperator (resumes)": () =>
    Flow.fromOperator<number, number>(rx.map(throwsAt(7))).withSupervision(() => "resume"),
  "Flow.fromOperator (takes)": () => Flow.fromOperator<number, number>(rx.take(7)),
  "KillSwitches.shared": () => numbers().via(KillSwitches.shared("all").flow<number>()),
  "KillSwitches.single": () => numbers().via(KillSwitches.single<number>()),
  "KillSwitches.shared (aborts)": () => {
    const all = KillSwitches.shared("all");
    return numbers()
      .via(all.flow<number>())
      .map(calls(5, () => all.abort(new Error("broken on purpose"))));
  },
  "KillSwitches.single (shuts down)": () => {
    let shutdown = () => {};
    return numbers()
      .viaMat(KillSwitches.single<number>(), (_, unique) => {
        shutdown = () => unique.shutdown();
      })
      .map(calls(5, () => shutdown()));
  },
  "RestartFlow.onFailuresWithBackoff": () =>
    RestartFlow.onFailuresWithBackoff<number, number>(restarts, () => numbers().map(throwsAt(7))),
  "RestartFlow.withBackoff": () => RestartFlow.withBackoff<number, number>(restarts, () => numbers().take(9)),
  alsoTo: () => numbers().alsoTo(Sink.ignore()),
  backpressureTimeout: () => numbers().backpressureTimeout(500),
  batch: () => numbers().batch(3, (n) => [n], append),
  batchWeighted: () =>
    numbers().batchWeighted(
      9,
      (n) => n,
      (n) => [n],
      append,
    ),
  "buffer (backpressure)": () => numbers().buffer(2, "backpressure"),
  "buffer (dropBuffer)": () => numbers().buffer(2, "dropBuffer"),
  "buffer (dropHead)": () => numbers().buffer(2, "dropHead"),
  "buffer (dropTail)": () => numbers().buffer(2, "dropTail"),
  "buffer (fail)": () => numbers().buffer(2, "fail"),
  collect: () => numbers().collect((n) => (n % 2 === 1 ? n * 2 : undefined)),
  completionTimeout: () => numbers().completionTimeout(1_500),
  concat: () => numbers().concat(others()),
  conflate: () => numbers().conflate((sum, n) => sum + n),
  conflateWithSeed: () => numbers().conflateWithSeed((n) => [n], append),
  debounce: () => numbers().debounce(5),
  delay: () => numbers().delay(5, "backpressure"),
  divertTo: () => numbers().divertTo(Sink.ignore(), (n) => n % 3 === 0),
  drop: () => numbers().drop(3),
  dropWhile: () => numbers().dropWhile((n) => n < 4),
  dropWithin: () => numbers().dropWithin(5),
  expand: () => numbers().expand((n) => [n, n]),
  extrapolate: () => numbers().extrapolate((n) => [n, n], 0),
  filter: () => numbers().filter((n) => n % 2 === 1),
  flatMapConcat: () => numbers().flatMapConcat((n) => Source.from([n, n])),
  flatMapMerge: () => numbers().flatMapMerge(3, (n) => Source.from([n, n])),
  fold: () => numbers().fold(0, (sum, n) => sum + n),
  groupBy: () =>
    numbers()
      .groupBy(3, (n) => n % 3)
      .mergeSubstreams(),
  "groupBy (too many)": () =>
    numbers()
      .groupBy(3, (n) => n)
      .mergeSubstreams(),
  grouped: () => numbers().grouped(3),
  groupedWeightedWithin: () =>
    numbers().groupedWeightedWithin({ weightMax: 20, countMax: 5, intervalMs: 10, weigh: (n) => n }),
  groupedWithin: () => numbers().groupedWithin(3, 10),
  idleTimeout: () => numbers().idleTimeout(500),
  initialDelay: () => numbers().initialDelay(5),
  initialTimeout: () => numbers().initialTimeout(500),
  interleave: () => numbers().interleave(others(), 2),
  intersperse: () => numbers().intersperse(-1, 0, -2),
  keepAlive: () => numbers().keepAlive(5, () => 0),
  limit: () => numbers().limit(20),
  limitWeighted: () => numbers().limitWeighted(100, (n) => n),
  log: () => numbers().log("passes"),
  map: () => numbers().map((n) => n * 2),
  "map (resumes)": () =>
    numbers()
      .map(throwsAt(7))
      .withSupervision(() => "resume"),
  "map (throws)": () => numbers().map(throwsAt(7)),
  mapAsync: () => numbers().mapAsync(4, (n) => n),
  "mapAsync (promises)": () => numbers().mapAsync(4, (n) => Promise.resolve(n)),
  mapAsyncPartitioned: () =>
    numbers().mapAsyncPartitioned(
      4,
      (n) => n % 2,
      (n) => Promise.resolve(n),
    ),
  mapAsyncUnordered: () => numbers().mapAsyncUnordered(4, (n) => Promise.resolve(n)),
  mapConcat: () => numbers().mapConcat((n) => new Array<number>(n % 4).fill(n)),
  mapError: () =>
    numbers()
      .map(throwsAt(7))
      .mapError((error) => new Error("mapped", { cause: error })),
  merge: () => numbers().merge(others()),
  mergeLatest: () => numbers().mergeLatest(others()),
  mergePreferred: () => numbers().mergePreferred(others()),
  mergeSorted: () => numbers().mergeSorted(others(), (a, b) => a - b),
  monitor: () => numbers().monitor((_, monitor) => monitor),
  onErrorComplete: () => numbers().map(throwsAt(7)).onErrorComplete(),
  orElse: () => numbers().orElse(others()),
  prefixAndTail: () =>
    numbers()
      .prefixAndTail(2)
      .flatMapConcat(([prefix, tail]) => tail.prepend(Source.single(prefix))),
  prepend: () => numbers().prepend(others()),
  recover: () =>
    numbers()
      .map(throwsAt(7))
      .recover(() => 0),
  recoverWith: () =>
    numbers()
      .map(throwsAt(7))
      .recoverWith(1, () => Source.from([0])),
  reduce: () => numbers().reduce((sum, n) => sum + n),
  scan: () => numbers().scan(0, (sum, n) => sum + n),
  scanAsync: () => numbers().scanAsync(0, (sum, n) => Promise.resolve(sum + n)),
  sliding: () => numbers().sliding(3, 2),
  mergeSubstreamsWithParallelism: () =>
    numbers()
      .groupBy(3, (n) => n % 3)
      .mergeSubstreamsWithParallelism(3),
  splitAfter: () =>
    numbers()
      .splitAfter((n) => n % 4 === 0)
      .concatSubstreams(),
  splitWhen: () =>
    numbers()
      .splitWhen((n) => n % 4 === 0)
      .concatSubstreams(),
  statefulMap: () => numbers().statefulMap(() => throwsAt(9)),
  take: () => numbers().take(7),
  takeWhile: () => numbers().takeWhile((n) => n < 9, true),
  takeWithin: () => numbers().takeWithin(5),
  throttle: () => numbers().throttle(3, 10),
  watchTermination: () => numbers().watchTermination((_, ended) => ended),
  wireTap: () => numbers().wireTap(() => {}),
  "wireTap (sink)": () => numbers().wireTap(Sink.ignore<number>()),
  zipWithIndex: () => numbers().zipWithIndex(),
  zip: () => numbers().zip(others()),
  zipAll: () => numbers().zipAll(others(), 0, 0),
  zipLatest: () => numbers().zipLatest(others()),
  zipWith: () => numbers().zipWith(others(), (a, b) => a + b),
};

function append(batch: readonly number[], n: number): number[] {
  return [...batch, n];
}

/** Changes nothing, and calls a function when a number passes. */
function calls(number: number, run: () => void): (n: number) => number {
  return (n) => {
    if (n === number) run();
    return n;
  };
}

/** A change of a number that throws at one of them. */
function throwsAt(number: number): (n: number) => number {
  return (n) => {
    if (n === number) throw new Error("broken on purpose");
    return n;
  };
}
