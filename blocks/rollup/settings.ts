import { aggregators, choice, integer, list, text } from "../../config/declare.ts";
import { pluginChoice } from "../model/plugin-choice.ts";

/** Settings that several of the four blocks share; one spelling for all. */
export const storeSetting = () => text("Store that keeps observations, rollups and tags.", { example: "main" });

export const aggregatorsSetting = () =>
  aggregators("Periods to roll up to, finer ones first; each divides the next. None: raw observations only.");

export const derivatorsSetting = () =>
  list(
    "Derivators besides the built-in ones of each type: names, or mappings with the name at `type`, settings, and at `as` a name for the value.",
    pluginChoice("A derivator."),
    { default: [], max: 64 },
  );

export const deriveSetting = () =>
  list(
    "Derivations to apply to every observation: names, or mappings with the name at `type` and settings.",
    pluginChoice("A derivation."),
    { default: [], max: 64 },
  );

export const hotSeriesSetting = () =>
  integer("Series whose newest bucket is kept in memory; beyond it they are read back from the store on need.", {
    min: 1,
    default: 100_000,
  });

export const sharderSetting = () =>
  choice("Length of a shard of time: by `day` or by `month`.", ["day", "month"], { default: "month" });

/** Pairs of series and shard. */
export const tagCacheDefault = 1_000_000;
