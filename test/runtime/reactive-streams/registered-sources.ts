import { Subject } from "rxjs";
import { Readable } from "node:stream";
import type { VirtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { MergeHub } from "../../../runtime/streams/hubs/merge-hub.ts";
import { RestartSource } from "../../../runtime/streams/restart/restart-source.ts";
import { Source } from "../../../runtime/streams/source.ts";

/** What is without end ends here, as scripts may ask for as much as a number holds. */
const many = 100;

const restarts = { backoffMinMs: 5, backoffMaxMs: 20, restartsMax: 3 };

/** Every public source, by its public name; what stands in brackets tells variants apart. Each call makes a fresh one. */
export const sources: Readonly<Record<string, (clock: VirtualClock) => Source<unknown, unknown>>> = {
  "MergeHub.source (without producers)": () => MergeHub.source(),
  "MergeHub.sourceWithDraining (without producers)": () => MergeHub.sourceWithDraining(),
  "RestartSource.onFailuresWithBackoff": () =>
    RestartSource.onFailuresWithBackoff(restarts, () => Source.from(failing())),
  "RestartSource.withBackoff": () => RestartSource.withBackoff(restarts, () => Source.from([1, 2, 3])),
  "Source.cycle": () => Source.cycle(() => [1, 2, 3]).take(many),
  "Source.empty": () => Source.empty(),
  "Source.failed": () => Source.failed(new Error("broken on purpose")),
  "Source.from": () => Source.from([1, 2, 3, 4, 5]),
  "Source.from (async iterable)": () => Source.from(numbers()),
  "Source.from (fails)": () => Source.from(failing()),
  "Source.fromObservable": () => Source.fromObservable(new Subject<number>(), { bufferMax: 4, overflow: "dropHead" }),
  "Source.fromPublisher": () => Source.fromPublisher(Object.freeze({ subscribe: reject })),
  "Source.fromReadable": () => Source.fromReadable(Readable.from([1, 2, 3, 4, 5])),
  "Source.lazy": () => Source.lazy(() => Source.from([1, 2, 3])),
  "Source.never": () => Source.never(),
  "Source.queue": () => Source.queue(4),
  "Source.range": () => Source.range(1, many),
  "Source.repeat": () => Source.repeat(1).take(many),
  "Source.single": () => Source.single(1),
  "Source.tick": () => Source.tick(5, 10, "tick"),
  "Source.unfold": () => Source.unfold(1, (n) => (n > many ? undefined : [n + 1, n])),
  "Source.unfoldAsync": () => Source.unfoldAsync(1, (n) => Promise.resolve(n > many ? undefined : [n + 1, n])),
  "Source.unfoldResource": () =>
    Source.unfoldResource(
      () => [1, 2, 3],
      (left) => left.shift(),
      () => {},
    ),
};

async function* numbers(): AsyncIterable<number> {
  for (let number = 1; number <= 40; number += 1) yield await Promise.resolve(number);
}

function* failing(): Iterable<number> {
  yield 1;
  throw new Error("broken on purpose");
}

/** What a publisher does that serves nobody. */
function reject(subscriber: Parameters<Parameters<typeof Source.fromPublisher>[0]["subscribe"]>[0]): void {
  subscriber.onSubscribe({ request: () => {}, cancel: () => {} });
  subscriber.onError(new Error("broken on purpose"));
}
