import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { printTo, stdoutSink } from "../../../connectors/stdout/sink.ts";
import { aggregation, deadLetter, newFates, observations, runSink } from "../sink-run.ts";

/** Keeps what is written; each write waits for `release`. */
class Gate extends Writable {
  printed = "";
  readonly waiting: ((error?: Error) => void)[] = [];

  override _write(chunk: Buffer, _encoding: string, callback: (error?: Error) => void): void {
    this.printed += chunk.toString();
    this.waiting.push(callback);
  }

  release(error?: Error): void {
    for (const callback of this.waiting.splice(0)) callback(error);
  }
}

const gone = () => Object.assign(new Error("write EPIPE"), { code: "EPIPE" });

test("observations, aggregations and dead letters are one compact JSON line each", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  for (const element of [observations(fates, 1, 2), aggregation(fates), deadLetter(fates)]) run.offer(element);
  await run.clock.settle();
  expect(output.printed).toBe(
    [
      '{"metric":"a","tagset":{"b":"c"},"type":"tdouble","values":[["2020-01-02T03:04:05",1],["2020-01-02T03:04:05",2]]}',
      '{"ts":{"metric":"a","tagset":{"b":"c"}},"interval":"1m","datetime":"2020-01-02T03:04:05","type":"tdouble","value":7,"aggregation":"max"}',
      '{"node":"n","code":"MESSAGE_INVALID","reason":"It is bad","where":{"line":3},"payload":"x","at":"2020-01-02T03:04:05.000Z"}',
      "",
    ].join("\n"),
  );
});

test("receipts are released once the output has the lines, and only observations count as durable", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  run.offer(observations(fates, 1, 2));
  run.offer(aggregation(fates));
  await run.clock.settle();
  expect(fates.settled).toHaveLength(0);
  output.release();
  await run.clock.settle();
  expect(fates.settled.map((tally) => [tally.durable, tally.balanced])).toEqual([
    [2, true],
    [0, true],
  ]);
});

test("an output that takes no more holds the stream back, and what came meanwhile is written together", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  run.offer(observations(fates, 0));
  await run.clock.settle();
  for (let value = 1; value < 1_000; value++) run.offer(observations(fates, value));
  await run.clock.settle();
  expect(output.printed.split("\n")).toHaveLength(2);
  output.release();
  await run.clock.settle();
  expect(output.printed.split("\n")).toHaveLength(2 + 256);
});

test("what had arrived is printed before the stream completes", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  run.offer(observations(fates, 1));
  run.materialized.complete();
  await run.clock.settle();
  output.release();
  await run.clock.settle();
  await run.done;
  expect(fates.settled).toHaveLength(1);
});

test("a reader that has gone away ends the stream without a failure, and the rows count as filtered", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  run.offer(observations(fates, 1, 2));
  await run.clock.settle();
  run.offer(observations(fates, 3));
  await run.clock.settle();
  output.release(gone());
  await run.clock.settle();
  await run.done;
  expect(fates.failed).toEqual([]);
  expect(fates.settled.map((tally) => tally.filtered.get("output closed"))).toEqual([2, 1]);
});

test("any other failure of the output fails the stream and its receipts", async () => {
  const output = new Gate();
  const fates = newFates();
  const run = runSink(printTo(output));
  run.offer(observations(fates, 1));
  await run.clock.settle();
  run.offer(observations(fates, 2));
  await run.clock.settle();
  const ended = expect(run.done).rejects.toThrow("Cannot print: the terminal burns");
  output.release(new Error("the terminal burns"));
  await run.clock.settle();
  await ended;
  expect(fates.failed).toEqual(["Cannot print: the terminal burns", "Cannot print: the terminal burns"]);
});

test("a stream that is stopped fails the receipts of what waits", async () => {
  const fates = newFates();
  const run = runSink(printTo(new Gate()));
  run.offer(observations(fates, 1));
  await run.clock.settle();
  run.offer(observations(fates, 2));
  await run.clock.settle();
  run.stop();
  await run.clock.settle();
  await run.done;
  expect(fates.failed).toEqual(["Cannot write what has arrived as the stream was stopped"]);
});

test("it takes whatever has lines", () => {
  expect(stdoutSink.accepts).toEqual(["observations", "aggregations", "dead-letters"]);
});
