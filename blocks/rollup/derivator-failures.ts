import { withOrigin } from "../../config/plugin-origin.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import type { DeadLetter } from "../model/dead-letter.ts";
import type { Derivator } from "../model/derivator.ts";
import type { Series } from "../model/series.ts";
import { formatTimestamp } from "../model/timestamp.ts";

/** Where a derivator failed. */
export interface FailedBucket {
  readonly series: Series;
  readonly period: string;
  /** Start of the bucket, ms since the epoch. */
  readonly start: number;
}

/** Takes the failure of a derivator: whatever it throws costs the value of the bucket at hand, and no more. */
export type OnFailure = (derivator: Derivator, fault: unknown) => void;

/** Where nobody counts failures: the fault goes on, with the name of who made it. */
export const failHere: OnFailure = (derivator, cause) => {
  throw new EngineError("DERIVATOR_FAILED", sentence(derivator, cause), { cause });
};

/**
 * The failures of derivators, since they were last taken: of each derivator the first, and how many buckets there were. One
 * fault that reaches several buckets, as from a finer one to coarser ones, is one failure.
 */
export class DerivatorFailures {
  readonly #node: string;
  #first = new Map<Derivator, { readonly fault: unknown; readonly bucket: FailedBucket; buckets: number }>();
  readonly #seen = new WeakSet<object>();

  constructor(node: string) {
    this.#node = node;
  }

  at(bucket: () => FailedBucket): OnFailure {
    return (derivator, fault) => {
      if (typeof fault === "object" && fault !== null) {
        if (this.#seen.has(fault)) return;
        this.#seen.add(fault);
      }
      const known = this.#first.get(derivator);
      if (known === undefined) this.#first.set(derivator, { fault, bucket: bucket(), buckets: 1 });
      else known.buckets += 1;
    };
  }

  /** A dead letter for each derivator that failed, and they are forgotten. @param at Time of the letters, ms since the epoch. */
  take(at: number): DeadLetter[] {
    const letters = [...this.#first].map(([derivator, { fault, bucket, buckets }]): DeadLetter => {
      const { series, period, start } = bucket;
      return {
        node: this.#node,
        code: "DERIVATOR_FAILED",
        reason: sentence(derivator, fault),
        where: {},
        payload: {
          derivator: derivator.name,
          ...(derivator.origin && { plugin: derivator.origin.plugin, export: derivator.origin.exportName }),
          series: series.canonical,
          type: series.type,
          period,
          bucket: formatTimestamp(start),
          buckets,
        },
        at,
      };
    });
    this.#first = new Map();
    return letters;
  }
}

function sentence(derivator: Derivator, fault: unknown): string {
  return `Cannot compute ${withOrigin(`"${derivator.name}"`, derivator.origin)} of a bucket: ${sentenceOf(fault)}`;
}
