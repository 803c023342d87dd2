import type { DataType } from "./data-type.ts";
import type { Series } from "./series.ts";

/** A data point that a derivation makes. */
export interface DerivedObservation {
  readonly metric: string;
  readonly tagset: Readonly<Record<string, string>>;
  readonly type: DataType;
  /** ms since the epoch, UTC. */
  readonly time: number;
  /** A number, `bigint` (tlong), boolean, text, `Uint8Array` (tbinary), `Position2d`, or what a custom type holds. */
  readonly value: unknown;
}

/**
 * A function from an observation to new observations. It must be pure, so that a redelivery derives the same; it may not derive
 * what it takes as input.
 */
export interface Derivation {
  readonly kind: "derivation";
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  /** Whether it wants the observations of this series at all. Asked once per series. */
  appliesTo(series: Series): boolean;
  derive(series: Series, time: number, value: unknown): Iterable<DerivedObservation>;
}

export const defineDerivation = (given: Omit<Derivation, "kind">) =>
  ({ kind: "derivation", ...given }) as const satisfies Derivation;
