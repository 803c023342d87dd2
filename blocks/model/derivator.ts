import type { z } from "zod";
import type { PluginOrigin } from "../../config/plugin-origin.ts";
import type { Points } from "./columns.ts";
import type { SettingsSchema } from "./component.ts";
import type { DataType } from "./data-type.ts";

/** Half-open, ms since the epoch. */
export interface TimeSpan {
  readonly start: number;
  readonly end: number;
}

/** What a derivator computes, of the states of buckets. */
export interface DerivatorFunctions<State = unknown> {
  appliesTo(type: DataType): boolean;
  /** Type of the result for a series of `type`. */
  resultType(type: DataType): string;
  /**
   * `merge` joins any two sets of points, not only neighbours in time: then queries may merge it over several series.
   */
  readonly acrossSeries?: boolean;
  /** The state of a bucket without points; a new one at each call. */
  seed(): State;
  /**
   * Adds rows `from` (inclusive) to `to` (exclusive), which follow in time all that is in `state`. May change `state` in place;
   * the returned one counts.
   */
  add(state: State, points: Points, from: number, to: number): State;
  /** Joins two neighbouring parts of a bucket. May change `earlier` in place, never `later`. */
  merge(earlier: State, later: State): State;
  /**
   * The result of a state with at least one point; `undefined` where there is none. In the form of a column value, or
   * `{datetime, value}` (ms since the epoch) where the result type is `date_<type>`.
   */
  result(state: State, bucket?: TimeSpan): unknown;
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
  /** A state that does not change with its twin; unless there, what `decode` makes of `encode`. */
  copy?(state: State): State;
}

/** What names a derivator, with settings or without. */
interface DerivatorHead {
  readonly kind: "derivator";
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** Whether it runs in worker threads: there an endless loop or a crash costs one bucket. */
  readonly heavy?: boolean;
  readonly origin?: PluginOrigin;
}

/**
 * A composable temporal aggregation. Its result over a bucket is a pure function of the set of the bucket's points, because
 * `add` gets them in ascending order of time and `merge` gets finer buckets in ascending order.
 */
export interface Derivator<State = unknown> extends DerivatorHead, DerivatorFunctions<State> {
  /**
   * What the state is kept under: the name, unless told. Derivators of one state name share one state, which is kept once: all
   * but `name`, `summary`, `resultType` and `result` must be the same.
   */
  readonly stateName?: string;
  /** Where states are on their way from a thread: one that has arrived, with its result over `bucket` where that is asked for. */
  settled?(state: State, bucket: TimeSpan | undefined): Promise<State>;
}

/** A derivator that is something else for each set of its settings. */
export interface ConfigurableDerivator<S extends SettingsSchema = SettingsSchema, State = unknown>
  extends DerivatorHead {
  readonly settings: S;
  configure(settings: z.output<S>): DerivatorFunctions<State>;
}

export type AnyDerivator = Derivator | ConfigurableDerivator;

type Given<D> = Omit<D, "kind" | "origin" | "settled">;

export function defineDerivator<State>(given: Given<Derivator<State>>): Derivator<State>;
export function defineDerivator<S extends SettingsSchema, State>(
  given: Given<ConfigurableDerivator<S, State>>,
): ConfigurableDerivator<S, State>;
export function defineDerivator(given: Given<Derivator> | Given<ConfigurableDerivator>): AnyDerivator {
  return { kind: "derivator", ...given };
}
