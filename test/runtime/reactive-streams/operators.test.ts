import fc from "fast-check";
import { expect, test } from "vitest";
import { Keep } from "../../../runtime/streams/keep.ts";
import { Sink } from "../../../runtime/streams/sink.ts";
import { Source } from "../../../runtime/streams/source.ts";
import { exempt } from "./exempt-operators.ts";
import { operatorOf, publicOperators } from "./public-operators.ts";
import { flows } from "./registered-flows.ts";
import { junctions } from "./registered-junctions.ts";
import { sinks } from "./registered-sinks.ts";
import { sources } from "./registered-sources.ts";
import { type Build, play, type Script, scripts } from "./script.ts";

const intact = { upstream: [], downstream: [], promisesLeft: 0 };

/** Scripts for each operator. */
const numRuns = 100;

async function keepsTheRules(build: Build): Promise<void> {
  const holds = async (script: Script) => {
    expect(await play(script, build)).toEqual(intact);
  };
  await fc.assert(fc.asyncProperty(scripts, holds), { numRuns });
}

test("every public operator is registered, or exempt for a reason", () => {
  const known = new Set([
    ...[...Object.keys(sources), ...Object.keys(flows), ...Object.keys(junctions), ...Object.keys(sinks)].map(
      operatorOf,
    ),
    ...Object.keys(exempt),
  ]);
  const operators = publicOperators();
  expect(operators.filter((name) => !known.has(name))).toEqual([]);
  expect([...known].filter((name) => !operators.includes(name))).toEqual([]);
});

test.each(Object.entries(sources))(
  "%s keeps the rules and leaves nothing, whatever the script",
  async (_name, make) => {
    await keepsTheRules(({ clock }) => make(clock).toMat(Sink.asPublisher<unknown>(), Keep.right));
  },
);

test.each([...Object.entries(flows), ...Object.entries(junctions)])(
  "%s keeps the rules and leaves nothing, whatever the script",
  async (_name, make) => {
    await keepsTheRules(({ upstream, watch }) =>
      Source.fromPublisher(upstream)
        .viaMat(make(), (_, materialized) => watch(materialized))
        .toMat(Sink.asPublisher<unknown>(), Keep.right),
    );
  },
);

test.each(Object.entries(sinks))("%s keeps the rules and leaves nothing, whatever the script", async (_name, make) => {
  await keepsTheRules(({ upstream, watch }) =>
    Source.fromPublisher(upstream)
      .toMat(make(), Keep.right)
      .mapMaterializedValue((materialized) => {
        watch(materialized);
        return undefined;
      }),
  );
});
