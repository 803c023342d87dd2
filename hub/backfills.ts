import { z } from "zod";
import { type BackfillPiece, backfillPiece } from "../blocks/backfill/backfill.ts";
import { builtInDerivators } from "../blocks/derivators/catalogue.ts";
import { floatResultNames } from "../blocks/derivators/float-state.ts";
import { type Period, periodOf } from "../blocks/model/period.ts";
import type { PluginChoice } from "../blocks/model/plugin-choice.ts";
import { parseSelector } from "../blocks/model/selector.ts";
import type { SeriesFilter, Store } from "../blocks/model/store.ts";
import { parseTagCondition } from "../blocks/model/tag-condition.ts";
import { chosenDerivators, derivatorsChosen } from "../blocks/rollup/chosen.ts";
import { DerivatorFailures } from "../blocks/rollup/derivator-failures.ts";
import { DerivatorSets } from "../blocks/rollup/derivator-set.ts";
import { didYouMean } from "../config/suggestion.ts";
import { EngineError } from "../runtime/errors.ts";
import type { GraphContext } from "./engine-queries.ts";
import { moment } from "./query-parameters.ts";

const parameters = z.strictObject({
  selector: z.string(),
  where: z.string().optional(),
  from: z.string(),
  to: z.string(),
  derivators: z.array(z.string()).min(1),
  /** Most data points to read at a time. */
  points_max: z.number().int().min(1).max(10_000_000),
  store: z.string().optional(),
  /** Where the piece before ended. */
  after: z.strictObject({ series: z.string(), type: z.string(), time: z.number() }).optional(),
});

/** What a backfill may say, as text. */
export type BackfillParameters = z.output<typeof parameters>;

/** @throws {EngineError} `USAGE_INVALID` where the body is not that of a backfill. */
export function readBackfill(body: unknown): BackfillParameters {
  const { success, data, error } = parameters.safeParse(body);
  if (success) return data;
  const [issue] = error.issues;
  throw new EngineError("USAGE_INVALID", `Cannot backfill as ${issue?.path.join(".")} does not fit: ${issue?.message}`);
}

/** What one piece did, and what a derivator failed at first. */
export interface BackfillAnswer extends BackfillPiece {
  readonly failures: readonly { readonly reason: string; readonly buckets: number }[];
}

/** A piece ends after the first write behind this time, so that the graph does not rest long. */
const pieceMs = 500;

/**
 * Fills a piece of stored history with values of derivators that the graph names.
 *
 * @throws {EngineError} `USAGE_INVALID` where the derivator or the range cannot be, or no series matches; of the store.
 */
export async function backfill(
  context: GraphContext,
  storeName: string,
  store: Store,
  given: BackfillParameters,
): Promise<BackfillAnswer> {
  const { from, to, filter } = requestOf(given);
  const kept = keptBy(context, storeName);
  const wanted = kept.wanted(given.derivators, filter);
  const { clock } = context;
  const until = clock.monotonic() + pieceMs;
  const failures = new DerivatorFailures(storeName);
  const piece = await backfillPiece(
    store,
    { filter, from, to, pointsMax: given.points_max, after: given.after },
    { chains: kept.chains, sets: kept.sets, wanted, failures, isOver: () => clock.monotonic() >= until },
  );
  if (piece.series === 0) {
    const names = given.derivators.join(", ");
    const rule = `no series that ${names} can be computed of matches`;
    throw new EngineError("USAGE_INVALID", `Cannot backfill the store "${storeName}" as ${rule} ${given.selector}`);
  }
  const letters = failures.take(clock.now());
  return {
    ...piece,
    failures: letters.map(({ reason, payload }) => ({ reason, ...(payload as { buckets: number }) })),
  };
}

function requestOf(given: BackfillParameters): { from: number; to: number; filter: SeriesFilter } {
  const from = moment("from", given.from);
  const to = moment("to", given.to);
  if (from >= to) {
    const rule = `--from must lie before --to: they are ${given.from} and ${given.to}`;
    throw new EngineError("USAGE_INVALID", `Cannot backfill as ${rule}`);
  }
  const where = given.where === undefined ? undefined : parseTagCondition(given.where);
  return { from, to, filter: { ...parseSelector(given.selector), ...(where !== undefined && { where }) } };
}

interface Writer {
  readonly node: string;
  readonly aggregators: readonly string[];
  readonly choices: readonly PluginChoice[];
}

function keptBy(context: GraphContext, storeName: string) {
  const { graph, buckets, derivators, heavy } = context;
  const writers: Writer[] = graph.nodes.flatMap(({ name, settings }) => {
    const given = settings as { store?: string; aggregators?: string[]; derivators?: PluginChoice[] };
    if (given.store !== storeName || given.aggregators === undefined || given.aggregators.length === 0) return [];
    return [{ node: name, aggregators: given.aggregators, choices: given.derivators ?? [] }];
  });
  const labels = new Map(writers.map(({ aggregators }) => [aggregators.join(), aggregators]));
  const chains: Period[][] = [...labels.values()].map((chain) => chain.map((label) => periodOf(label, buckets)));
  const choices = writers.flatMap((writer) => writer.choices);
  const all = derivatorsChosen(choices, derivators, storeName, heavy);
  return {
    chains,
    sets: chosenDerivators(choices, derivators, storeName, heavy),
    wanted: (names: readonly string[], filter: SeriesFilter) =>
      new DerivatorSets(
        names.map((name) => {
          const derivator = all.get(name);
          if (derivator === undefined) throw notNamed(name, storeName, writers, context, [...all.keys()]);
          const lacking = writers.filter((writer) => {
            return !derivatorsChosen(writer.choices, derivators, writer.node, heavy).has(name);
          });
          if (lacking.length > 0 && matchesAll(filter)) {
            const rule = `${quoted(lacking)} writes the store "${storeName}" too, and does not name it`;
            throw new EngineError(
              "USAGE_INVALID",
              `Cannot backfill "${name}" of all series as ${rule}: select those that have it`,
            );
          }
          return derivator;
        }),
      ),
  };
}

function notNamed(
  name: string,
  store: string,
  writers: readonly Writer[],
  { derivators }: GraphContext,
  named: readonly string[],
): EngineError {
  const builtIn = [...floatResultNames, ...builtInDerivators.map((derivator) => derivator.name)];
  if ((builtIn as readonly string[]).includes(name)) {
    return new EngineError("USAGE_INVALID", `Cannot backfill "${name}" as every bucket has it from the beginning`);
  }
  const known = derivators.map((derivator) => derivator.name);
  if (!known.includes(name)) {
    const meant = didYouMean(name, [...named, ...known]);
    return new EngineError("COMPONENT_UNKNOWN", `Cannot backfill "${name}" as no derivator is called that${meant}`);
  }
  const where = writers.length === 0 ? "a block that writes it" : quoted(writers);
  const rule = `no block that writes the store "${store}" names it`;
  return new EngineError(
    "USAGE_INVALID",
    `Cannot backfill "${name}" as ${rule}: add it to the derivators of ${where}, and start the graph again`,
  );
}

const quoted = (writers: readonly Writer[]) => writers.map(({ node }) => `"${node}"`).join(", ");

function matchesAll({ metric, tags, where }: SeriesFilter): boolean {
  return metric === undefined && tags.size === 0 && where === undefined;
}
