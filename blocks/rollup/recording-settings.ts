import { duration, integer, record, type SettingsOf } from "../../config/declare.ts";
import type { BlockContext } from "../model/component.ts";
import { periodOf } from "../model/period.ts";
import { chosenDerivators } from "./chosen.ts";
import { DerivatorFailures } from "./derivator-failures.ts";
import { PlacedRows } from "../model/placed-rows.ts";
import { Recorder } from "./recorder.ts";
import type { RecordingParts } from "./recording-logic.ts";
import { aggregatorsSetting, derivatorsSetting, hotSeriesSetting, storeSetting } from "./settings.ts";

/** Settings of every block that records observations. */
export const recordingSettings = {
  store: storeSetting(),
  aggregators: aggregatorsSetting(),
  derivators: derivatorsSetting(),
  grouper: record({
    size: integer("Data points that start a write at once.", { min: 1, max: 10_000_000, default: 262_144 }),
    duration: duration("Longest wait of a data point before its write starts.", { default: "1 second" }),
  }).prefault({}),
  hot_series: hotSeriesSetting(),
};

const recording = record(recordingSettings);

/**
 * What a block needs to record. Blocks of one run that record into one store in one way share their recorder: what one of them
 * derives may be what another one gets.
 */
export function recordingParts(given: SettingsOf<typeof recording>, context: BlockContext): RecordingParts {
  const { table, flushes } = context;
  const [first] = given.aggregators;
  const parts = {
    table,
    store: context.store(given.store),
    period: first === undefined ? undefined : periodOf(first, context.buckets),
    sets: chosenDerivators(given.derivators, context.derivators, context.node, context.heavy),
    hotSeriesMax: given.hot_series,
    failures: new DerivatorFailures(context.node),
  };
  const { store, aggregators, derivators, hot_series } = given;
  const key = `recorder ${JSON.stringify({ store, aggregators, derivators, hot_series })}`;
  const { recorder, failures } = context.shared(key, () => ({
    recorder: new Recorder(parts),
    failures: parts.failures,
  }));
  const placed = new PlacedRows(parts.store.places, context.node);
  return { table, flushes, grouper: given.grouper, recorder, failures, placed };
}
