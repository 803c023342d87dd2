import assert from "node:assert/strict";
import { test } from "vitest";
import type { SourceElement } from "../../../blocks/model/component.ts";
import { DeadLetterChunk } from "../../../blocks/model/dead-letter.ts";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { SeriesTable } from "../../../blocks/model/series.ts";
import { SourceGate } from "../../../graphs/stages/source-gate.ts";
import { SourceRouter } from "../../../graphs/stages/source-router.ts";
import { ActorSystem } from "../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { Receipt, type Tally } from "../../../runtime/receipt.ts";
import { Flow } from "../../../runtime/streams/flow.ts";
import { GraphDSL } from "../../../runtime/streams/graph-dsl.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { type Fates, rows, settle, valuesOf } from "./rows.ts";

function letter(): DeadLetterChunk {
  const one = { node: "n", code: "MESSAGE_INVALID", reason: "It is bad", where: {}, payload: 1, at: 0 } as const;
  return new DeadLetterChunk([one], new Receipt(0, () => {}, assert.fail));
}

function gated() {
  const clock = virtualClock();
  const seen: SourceElement[] = [];
  const running = Source.queue<SourceElement>(100)
    .viaMat(Flow.fromStage(new SourceGate()), (queue, control) => ({ queue, control }))
    .to(
      Sink.foreach((element) => {
        seen.push(element);
      }),
    )
    .runWatched(new ActorSystem({ clock }));
  const { queue, control } = running.materialized;
  let ended = false;
  void running.done.then(() => {
    ended = true;
  });
  return { clock, queue, control, seen, ended: () => ended };
}

function taken(element: SourceElement | undefined): ObservationChunk {
  assert.ok(element instanceof ObservationChunk);
  return element;
}

test("what passes is counted, and settling reaches the receipt of the source", async () => {
  const { clock, queue, control, seen } = gated();
  const fates: Fates = [];
  queue.offer(rows([1, 2, 3], fates));
  await clock.settle();
  assert.deepEqual([control.entered, control.settled.entered, fates], [3, 0, []]);
  settle(taken(seen[0]));
  assert.deepEqual([control.entered, control.settled.durable, fates], [3, 3, ["1"]]);
  assert.ok(control.settled.balanced);
});

test("the source is told what became of each row", async () => {
  const { clock, queue, seen } = gated();
  const table = new SeriesTable();
  const { index } = table.intern("a", {}, "tdouble");
  const columns = { series: new Uint32Array(5).fill(index), time: new Float64Array(5), values: new Float64Array(5) };
  let told: Tally | undefined;
  const note = (tally: Tally) => {
    told = tally;
  };
  queue.offer(new ObservationChunk(table, "float", 5, columns, new Receipt(5, note, assert.fail)));
  await clock.settle();
  const { receipt } = taken(seen[0]);
  receipt.added(1);
  receipt.durable(3);
  receipt.filtered("where", 1);
  receipt.deadLettered("SERIES_LIMIT", 2);
  receipt.release();
  assert.deepEqual(
    [told?.entered, told?.added, told?.durable, told?.filtered, told?.deadLettered, told?.balanced],
    [5, 1, 3, new Map([["where", 1]]), new Map([["SERIES_LIMIT", 2]]), true],
  );
});

test("what failed did not enter, and the source is told", async () => {
  const { clock, queue, control, seen } = gated();
  const fates: Fates = [];
  queue.offer(rows([1, 2], fates));
  await clock.settle();
  taken(seen[0]).receipt.fail(new Error("no"));
  assert.deepEqual([control.entered, control.settled.entered, fates], [0, 0, ["1!"]]);
});

test("a receipt keeps word of whether its sender repeats, and of when and where its rows entered", async () => {
  const { clock, queue, seen } = gated();
  const lane = {};
  const entered = new Receipt(1, () => {}, assert.fail, { enteredAt: 12.5, lane });
  queue.offer(rows([1], [], true));
  queue.offer(rows([2], [], false).under(entered));
  await clock.settle();
  assert.deepEqual(
    seen.map(({ receipt: { redelivers, enteredAt } }) => [redelivers, enteredAt]),
    [
      [true, undefined],
      [false, 12.5],
    ],
  );
  assert.equal(seen[1]?.receipt.lane, lane);
});

test("stop takes nothing more and completes what follows", async () => {
  const { clock, queue, control, seen, ended } = gated();
  queue.offer(rows([1]));
  await clock.settle();
  control.stop();
  await clock.settle();
  assert.deepEqual([seen.length, ended()], [1, true]);
});

test("it is idle once the source has ended and everything is settled, whichever comes last", async () => {
  const { clock, queue, control, seen } = gated();
  let idle = false;
  control.whenIdle(() => {
    idle = true;
  });
  queue.offer(rows([1]));
  queue.offer(rows([2]));
  await clock.settle();
  settle(taken(seen[0]));
  queue.complete();
  await clock.settle();
  assert.equal(idle, false);
  settle(taken(seen[1]));
  assert.equal(idle, true);
});

test("it is never idle where something failed, nor where it was stopped before the source ended", async () => {
  const failed = gated();
  let idle = false;
  const note = () => {
    idle = true;
  };
  failed.control.whenIdle(note);
  failed.queue.offer(rows([1]));
  await failed.clock.settle();
  taken(failed.seen[0]).receipt.fail(new Error("no"));
  failed.queue.complete();
  await failed.clock.settle();

  const stopped = gated();
  stopped.control.whenIdle(note);
  stopped.control.stop();
  await stopped.clock.settle();
  assert.equal(idle, false);
});

test("a router parts data points from dead letters, in order", async () => {
  const clock = virtualClock();
  const points: number[] = [];
  const letters: SourceElement[] = [];
  const source = Source.from<SourceElement>([rows([1]), letter(), rows([2]), rows([3]), letter()]);
  const running = GraphDSL.create((builder) => {
    const router = builder.add(new SourceRouter());
    builder.connect(builder.add(source).out, router.in);
    const toPoints = Sink.foreach<ObservationChunk>((chunk) => {
      points.push(...valuesOf(chunk));
    });
    const toLetters = Sink.foreach<DeadLetterChunk>((chunk) => {
      letters.push(chunk);
    });
    builder.connect(router.observations, builder.add(toPoints).in);
    builder.connect(router.rejected, builder.add(toLetters).in);
  }).runWatched(new ActorSystem({ clock }));
  let ended = false;
  void running.done.then(() => {
    ended = true;
  });
  await clock.settle();
  assert.deepEqual([points, letters.length, ended], [[1, 2, 3], 2, true]);
});
