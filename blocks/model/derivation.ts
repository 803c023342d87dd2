import type { z } from "zod";
import type { PluginOrigin } from "../../config/plugin-origin.ts";
import type { SettingsSchema } from "./component.ts";
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

/** What a derivation does. */
export interface DerivationFunctions {
  /** Whether it wants the observations of this series at all. Asked once per series. */
  appliesTo(series: Series): boolean;
  derive(series: Series, time: number, value: unknown): Iterable<DerivedObservation>;
}

interface DerivationHead {
  readonly kind: "derivation";
  readonly name: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  readonly origin?: PluginOrigin;
}

/**
 * A function from an observation to new observations. It must be pure, so that a redelivery derives the same; it may not derive
 * what it takes as input.
 */
export interface Derivation extends DerivationHead, DerivationFunctions {}

/** A derivation that is something else for each set of its settings. */
export interface ConfigurableDerivation<S extends SettingsSchema = SettingsSchema> extends DerivationHead {
  readonly settings: S;
  configure(settings: z.output<S>): DerivationFunctions;
}

export type AnyDerivation = Derivation | ConfigurableDerivation;

type Given<D> = Omit<D, "kind" | "origin">;

export function defineDerivation(given: Given<Derivation>): Derivation;
export function defineDerivation<S extends SettingsSchema>(
  given: Given<ConfigurableDerivation<S>>,
): ConfigurableDerivation<S>;
export function defineDerivation(given: Given<Derivation> | Given<ConfigurableDerivation>): AnyDerivation {
  return { kind: "derivation", ...given };
}
