import { record, type SettingsOf } from "../config/declare.ts";
import { Receipt } from "../runtime/receipt.ts";
import { GraphStage, GraphStageLogic, Inlet, Outlet, type Shape } from "../runtime/streams/graph-stage.ts";
import { AggregationChunk } from "./model/aggregation.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import { DeadLetterChunk } from "./model/dead-letter.ts";
import { type Period, periodOf } from "./model/period.ts";
import type { Series } from "./model/series.ts";
import type { BucketResult, StateRows, StatesWrite } from "./model/store.ts";
import { aggregationsOf, bucketResults } from "./rollup/aggregations.ts";
import { Cascade } from "./rollup/cascade.ts";
import { chosenDerivators } from "./rollup/chosen.ts";
import { DerivatorFailures, failHere, type OnFailure } from "./rollup/derivator-failures.ts";
import type { DerivatorSet, DerivatorSets } from "./rollup/derivator-set.ts";
import { aggregatorsSetting, derivatorsSetting, hotSeriesSetting, storeSetting } from "./rollup/settings.ts";
import { receiverGone } from "./rollup/recording-logic.ts";
import { settleStates } from "./rollup/settle-states.ts";
import type { StateTable } from "./rollup/state-table.ts";
import type { BucketUpdates } from "./rollup/updates.ts";
import type { SeriesRevisions } from "./rollup/write-revisions.ts";

const settings = record({
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  hot_series: hotSeriesSetting(),
});

type Settings = SettingsOf<typeof settings>;

class AggregationShape implements Shape {
  readonly in = new Inlet<BucketUpdates>("in");
  readonly aggregations: Outlet<AggregationChunk> | undefined;
  readonly rejected: Outlet<DeadLetterChunk> | undefined;

  constructor(outlets: ReadonlySet<string>) {
    this.aggregations = outlets.has("aggregations") ? new Outlet("aggregations") : undefined;
    this.rejected = outlets.has("rejected") ? new Outlet("rejected") : undefined;
  }

  get inlets() {
    return [this.in];
  }

  get outlets() {
    return [this.aggregations, this.rejected].filter((outlet) => outlet !== undefined);
  }
}

/**
 * Stores the buckets of the first period, computes those of the others level by level, and publishes them.
 *
 * Emits:         one chunk of aggregations per update, once they are durable. `rejected`: a dead letter for each derivator that
 *                failed at buckets of the update.
 * Backpressures: while an update is computed and written, and when downstream does.
 * Completes:     when upstream completes and the last update is durable and published.
 * Cancels:       when `rejected` cancels it fails; a subscriber of `aggregations` may leave.
 * State:         one update; one hot bucket per series and period, at most `hot_series`, then read back from the store.
 * Delivery:      the receipts of an update are held until its buckets are durable at every period.
 */
class AggregationStage extends GraphStage<AggregationShape> {
  readonly shape: AggregationShape;
  readonly #settings: Settings;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;
  readonly #failures: DerivatorFailures;

  constructor(given: Settings, context: BlockContext, sets: DerivatorSets) {
    super();
    this.#failures = new DerivatorFailures(context.node);
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
          failures: this.#failures,
        }),
    );
    const [first] = periods;
    const parts = { store, first, context: this.#context, sets: this.#sets, failures: this.#failures };
    return new AggregationLogic(this.shape, parts, cascades);
  }
}

interface Given {
  readonly store: string;
  /** Absent where there are no periods: then nothing comes in. */
  readonly first: Period | undefined;
  readonly context: BlockContext;
  readonly sets: DerivatorSets;
  readonly failures: DerivatorFailures;
}

/** The buckets of one period that an update touched. */
interface Level {
  readonly period: Period;
  readonly states: StateTable;
}

/** Buckets of one series and period. */
interface SeriesStates extends Level {
  /** Rows `from` to `to` of `states`. */
  readonly from: number;
  readonly to: number;
  readonly series: Series;
  readonly set: DerivatorSet;
  readonly failed: OnFailure;
}

class SeriesStatesWrite implements StatesWrite {
  readonly series: Series;
  readonly period: string;
  readonly rows: StateRows;
  readonly revision: number | undefined;
  readonly #given: SeriesStates;

  constructor(given: SeriesStates, revision: number | undefined) {
    const { states, from, to, period, series, set, failed } = given;
    this.series = series;
    this.period = period.key;
    this.rows = states.rows(from, to, series, set, failed);
    this.revision = revision;
    this.#given = given;
  }

  results(row: number): BucketResult[] {
    const { states, from, series, period, set, failed } = this.#given;
    return bucketResults(states, from + row, series, period, set, failed);
  }
}

class AggregationLogic extends GraphStageLogic {
  readonly #ports: AggregationShape;
  readonly #given: Given;
  readonly #context: BlockContext;
  readonly #sets: DerivatorSets;
  readonly #cascades: readonly Cascade[];
  readonly #failures: DerivatorFailures;
  #busy = false;
  #waiting: AggregationChunk | undefined;

  constructor(ports: AggregationShape, given: Given, cascades: readonly Cascade[]) {
    super(ports);
    this.#ports = ports;
    this.#given = given;
    this.#context = given.context;
    this.#sets = given.sets;
    this.#failures = given.failures;
    this.#cascades = cascades;
    this.setHandler(ports.in, {
      onPush: () => this.#begin(this.grab(ports.in)),
      onUpstreamFinish: () => this.#goOn(),
    });
    if (ports.aggregations !== undefined) {
      this.setHandler(ports.aggregations, { onPull: () => this.#goOn(), onDownstreamFinish: () => this.#goOn() });
    }
    if (ports.rejected !== undefined) {
      this.setHandler(ports.rejected, {
        onPull: () => this.#goOn(),
        onDownstreamFinish: () => this.failStage(receiverGone("rejected")),
      });
    }
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.#goOn();
  }

  #begin(updates: BucketUpdates): void {
    this.#busy = true;
    const done = this.getAsyncCallback((levels: readonly Level[]) => this.#done(updates, levels));
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    this.#computeAndWrite(updates).then(done, failed);
  }

  async #computeAndWrite({ states: first, newestBefore, revisionOf }: BucketUpdates): Promise<Level[]> {
    const levels: Level[] = [{ period: this.#given.first as Period, states: first }];
    let finer = first;
    for (const cascade of this.#cascades) {
      finer = await cascade.compute(finer, newestBefore);
      levels.push({ period: cascade.period, states: finer });
    }
    if (this.#publishes) for (const { states, period } of levels) await this.#withResults(states, period);
    const states = levels.flatMap((level) => this.#stateWrites(level, revisionOf));
    await this.#context.store(this.#given.store).write({ states });
    return levels;
  }

  #stateWrites({ period, states }: Level, revisionOf: SeriesRevisions): StatesWrite[] {
    const writes: StatesWrite[] = [];
    for (let row = 0; row < states.length; ) {
      const to = states.endOfSeries(row);
      const series = this.#context.table.at(states.series[row] as number);
      const set = this.#sets.of(series.type);
      const failed = set.empty ? failHere : this.#failedAt(series, period, states.start[row] as number);
      const span = { states, from: row, to, period, series, set, failed };
      writes.push(new SeriesStatesWrite(span, revisionOf(series.index)));
      row = to;
    }
    return writes;
  }

  #failedAt(series: Series, { label }: Period, start: number): OnFailure {
    return this.#failures.at(() => ({ series, period: label, start }));
  }

  get #publishes(): boolean {
    const { aggregations } = this.#ports;
    return aggregations !== undefined && !this.isClosed(aggregations);
  }

  /** Heavy derivators give their results in their threads too. */
  #withResults(states: StateTable, period: Period): Promise<void> {
    const failed = (series: Series, start: number) => this.#failedAt(series, period, start);
    return settleStates(states, this.#context.table, this.#sets, period, failed);
  }

  #done(updates: BucketUpdates, levels: readonly Level[]): void {
    this.#busy = false;
    const values = this.#publishes
      ? levels.flatMap(({ period, states }) =>
          aggregationsOf(states, period, this.#context.table, this.#sets, this.#failures),
        )
      : undefined;
    this.#reject(updates.receipts);
    if (values === undefined) {
      for (const receipt of updates.receipts) receipt.release();
    } else {
      this.#waiting = new AggregationChunk(values, Receipt.joined(updates.receipts));
    }
    this.#goOn();
  }

  /** Hands on what derivators failed at, with a hold of its own. */
  #reject(receipts: readonly Receipt[]): void {
    const letters = this.#failures.take(this.clock.now());
    const [receipt] = receipts;
    const { rejected } = this.#ports;
    if (letters.length === 0 || receipt === undefined || rejected === undefined) return;
    receipt.added(letters.length);
    for (const { code } of letters) receipt.deadLettered(code, 1);
    receipt.hold();
    this.emit(rejected, new DeadLetterChunk(letters, receipt));
  }

  #goOn(): void {
    const { aggregations, rejected, in: inlet } = this.#ports;
    if (this.#busy) return;
    if (this.#waiting !== undefined && aggregations !== undefined) {
      if (this.isClosed(aggregations)) this.#waiting.receipt.release();
      else if (this.isAvailable(aggregations)) this.push(aggregations, this.#waiting);
      else return;
      this.#waiting = undefined;
    }
    if (this.isClosed(inlet)) this.completeStage();
    // No update is begun before the letters of the last one are taken.
    else if (!this.hasBeenPulled(inlet) && (rejected === undefined || this.isAvailable(rejected))) this.pull(inlet);
  }
}

export const aggregationBlock = defineBlock({
  type: "aggregation",
  summary: "Stores the buckets of every period, and publishes them.",
  accepts: ["updates"],
  outlets: { aggregations: "aggregations", rejected: "dead-letters" },
  bounds: false,
  settings,
  open(given, context) {
    const { derivators, node, heavy } = context;
    return new AggregationStage(given, context, chosenDerivators(given.derivators, derivators, node, heavy));
  },
});
