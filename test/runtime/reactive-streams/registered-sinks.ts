import { Flow } from "../../../runtime/streams/flow.ts";
import { BroadcastHub } from "../../../runtime/streams/hubs/broadcast-hub.ts";
import { PartitionHub } from "../../../runtime/streams/hubs/partition-hub.ts";
import { RestartSink } from "../../../runtime/streams/restart/restart-sink.ts";
import { Sink } from "../../../runtime/streams/sink.ts";

/** Every public sink, by its public name; what stands in brackets tells variants apart. Each call makes a fresh one. */
export const sinks: Readonly<Record<string, () => Sink<number, unknown>>> = {
  "BroadcastHub.sink (without consumers)": () => BroadcastHub.sink(4),
  "PartitionHub.sink (without consumers)": () => PartitionHub.sink(() => 0),
  "RestartSink.withBackoff": () =>
    RestartSink.withBackoff<number>({ backoffMinMs: 5, restartsMax: 3 }, () => Sink.head()),
  "Sink.asObservable": () => Sink.asObservable(),
  "Sink.asPublisher": () => Sink.asPublisher(),
  "Sink.asPublisher (fan-out)": () => Sink.asPublisher(true),
  "Sink.cancelled": () => Sink.cancelled(),
  "Sink.collect": () => Sink.collect(),
  "Sink.collect (overflows)": () => Sink.collect(5),
  "Sink.fold": () => Sink.fold(0, (sum: number, n: number) => sum + n),
  "Sink.foreach": () => Sink.foreach(() => {}),
  "Sink.foreach (throws)": () =>
    Sink.foreach(() => {
      throw new Error("broken on purpose");
    }),
  "Sink.foreachAsync": () => Sink.foreachAsync(2, () => Promise.resolve()),
  "Sink.foreachAsync (rejects)": () => Sink.foreachAsync(2, () => Promise.reject(new Error("broken on purpose"))),
  "Sink.head": () => Sink.head(),
  "Sink.headOption": () => Sink.headOption(),
  "Sink.ignore": () => Sink.ignore(),
  "Sink.last": () => Sink.last(),
  "Sink.lastOption": () => Sink.lastOption(),
  "Sink.lazy": () => Sink.lazy(() => Sink.ignore()),
  "Sink.onComplete": () => Sink.onComplete(() => {}),
  "Sink.queue": () => Sink.queue(4),
  "Sink.reduce": () => Sink.reduce((sum: number, n: number) => sum + n),
  "Sink.toAsyncIterable": () => Sink.toAsyncIterable(4),
  "Sink.toReadable": () =>
    Sink.toReadable<number>(4).mapMaterializedValue((readable) => readable.on("error", () => {})),
  "SubFlow.to": () =>
    Flow.of<number>()
      .groupBy(3, (n) => n % 3)
      .to(Sink.ignore()),
};
