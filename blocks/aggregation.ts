import { record } from "../config/declare.ts";
import { Receipt } from "../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../runtime/streams/graph-stage.ts";
import { AggregationChunk } from "./model/aggregation.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import { type Period, periodOf } from "./model/period.ts";
import type { StatesWrite } from "./model/store.ts";
import { aggregationsOf, bucketResults } from "./rollup/aggregations.ts";
import { Cascade } from "./rollup/cascade.ts";
import { chosenDerivators } from "./rollup/chosen.ts";
import type { DerivatorSets } from "./rollup/derivator-set.ts";
import { aggregatorsSetting, derivatorsSetting, hotSeriesSetting, storeSetting } from "./rollup/settings.ts";
import type { StateTable } from "./rollup/state-table.ts";
import type { BucketUpdates } from "./rollup/updates.ts";
import { WriteRevisions } from "./rollup/write-revisions.ts";

const settings = record({
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  hot_series: hotSeriesSetting(),
});

type Settings = { store: string; aggregators: string[]; derivators: string[]; hot_series: number };

class AggregationShape implements Shape {
  readonly in = new Inlet<BucketUpdates>("in");
  readonly aggregations: Outlet<AggregationChunk> | undefined;

  constructor(outlets: ReadonlySet<string>) {
    this.aggregations = outlets.has("aggregations") ? new Outlet("aggregations") : undefined;
  }

  get inlets() {
    return [this.in];
  }

  get outlets() {
    return this.aggregations === undefined ? [] : [this.aggregations];
  }
}

/**
 * Stores the buckets of the first period, computes those of the others level by level, and publishes them.
 *
 * Emits:         one chunk of aggregations per update, once they are durable.
 * Backpressures: while an update is computed and written, and when downstream does.
 * Completes:     when upstream completes and the last update is durable and published.
 * Cancels:       a subscriber of `aggregations` may leave.
 * State:         one update; one hot bucket per series and period, at most `hot_series`, then read back from the store.
 * Delivery:      the receipts of an update are held until its buckets are durable at every period.
 */
class AggregationStage extends GraphStage<AggregationShape> {
  readonly shape: AggregationShape;
  readonly #settings: Settings;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;

  constructor(given: Settings, context: BlockContext, sets: DerivatorSets) {
    super();
    this.shape = new AggregationShape(context.outlets);
    this.#settings = given;
    this.#context = context;
    this.#sets = sets;
  }

  createLogic(): AggregationLogic {
    const { aggregators, store, hot_series } = this.#settings;
    const periods = aggregators.map((label) => periodOf(label, this.#context.buckets));
    const cascades = periods.slice(1).map(
      (period, level) =>
        new Cascade({
          period,
          finer: periods[level] as Period,
          table: this.#context.table,
          store: this.#context.store(store),
          sets: this.#sets,
          hotSeriesMax: hot_series,
        }),
    );
    const [first] = periods;
    return new AggregationLogic(this.shape, { store, first }, this.#context, this.#sets, cascades);
  }
}

interface Given {
  readonly store: string;
  /** Absent where there are no periods: then nothing comes in. */
  readonly first: Period | undefined;
}

/** The buckets of one period that an update touched. */
interface Level {
  readonly period: Period;
  readonly states: StateTable;
}

class AggregationLogic extends GraphStageLogic {
  readonly #ports: AggregationShape;
  readonly #given: Given;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;
  readonly #cascades: readonly Cascade[];
  readonly #revisions = new WriteRevisions();
  #busy = false;
  #waiting: AggregationChunk | undefined;

  constructor(
    ports: AggregationShape,
    given: Given,
    context: BlockContext,
    sets: DerivatorSets,
    cascades: readonly Cascade[],
  ) {
    super(ports);
    this.#ports = ports;
    this.#given = given;
    this.#context = context;
    this.#sets = sets;
    this.#cascades = cascades;
    this.setHandler(ports.in, {
      onPush: () => this.#begin(this.grab(ports.in)),
      onUpstreamFinish: () => this.#goOn(),
    });
    if (ports.aggregations !== undefined) {
      this.setHandler(ports.aggregations, { onPull: () => this.#goOn(), onDownstreamFinish: () => this.#goOn() });
    }
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.pull(this.#ports.in);
  }

  #begin(updates: BucketUpdates): void {
    this.#busy = true;
    const done = this.getAsyncCallback((levels: readonly Level[]) => this.#done(updates, levels));
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    this.#computeAndWrite(updates).then(done, failed);
  }

  async #computeAndWrite({ states: first, newestBefore, receipts }: BucketUpdates): Promise<Level[]> {
    const levels: Level[] = [{ period: this.#given.first as Period, states: first }];
    let finer = first;
    for (const cascade of this.#cascades) {
      finer = await cascade.compute(finer, newestBefore);
      levels.push({ period: cascade.period, states: finer });
    }
    const states = levels.flatMap((level) => this.#stateWrites(level));
    await this.#context.store(this.#given.store).write({ revision: this.#revisions.next(receipts), states });
    return levels;
  }

  #stateWrites({ period, states }: Level): StatesWrite[] {
    const writes: StatesWrite[] = [];
    for (let row = 0; row < states.length; ) {
      const to = states.endOfSeries(row);
      const series = this.#context.table.at(states.series[row] as number);
      const set = this.#sets.of(series.type);
      const first = row;
      const results = (offset: number) => bucketResults(states, first + offset, series, period, set);
      writes.push({ series, period: period.key, rows: states.rows(row, to, series, set), results });
      row = to;
    }
    return writes;
  }

  #done(updates: BucketUpdates, levels: readonly Level[]): void {
    this.#busy = false;
    const { aggregations } = this.#ports;
    if (aggregations === undefined || this.isClosed(aggregations)) {
      for (const receipt of updates.receipts) receipt.release();
    } else {
      const values = levels.flatMap(({ period, states }) =>
        aggregationsOf(states, period, this.#context.table, this.#sets),
      );
      this.#waiting = new AggregationChunk(values, Receipt.joined(updates.receipts));
    }
    this.#goOn();
  }

  #goOn(): void {
    const { aggregations, in: inlet } = this.#ports;
    if (this.#busy) return;
    if (this.#waiting !== undefined && aggregations !== undefined) {
      if (this.isClosed(aggregations)) this.#waiting.receipt.release();
      else if (this.isAvailable(aggregations)) this.push(aggregations, this.#waiting);
      else return;
      this.#waiting = undefined;
    }
    if (this.isClosed(inlet)) this.completeStage();
    else if (!this.hasBeenPulled(inlet)) this.pull(inlet);
  }
}

export const aggregationBlock = defineBlock({
  type: "aggregation",
  summary: "Stores the buckets of every period, and publishes them.",
  accepts: ["updates"],
  outlets: { aggregations: "aggregations" },
  bounds: false,
  settings,
  open(given, context) {
    return new AggregationStage(given, context, chosenDerivators(given.derivators, context.derivators, context.node));
  },
});
