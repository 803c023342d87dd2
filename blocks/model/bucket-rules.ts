import { type LocalDays, utcDays, ZoneDays } from "./local-days.ts";

/** `start`: buckets are `[start, end)`, labelled by their start. `end`: `(start, end]`, labelled by their end, as TSorage's are. */
export type BucketLabel = "start" | "end";

/** How a graph cuts time into buckets. */
export interface BucketRules {
  /** An IANA name; `UTC` too. */
  readonly timezone: string;
  readonly label: BucketLabel;
  /** The days of the zone, kept by all periods together. */
  readonly days: LocalDays;
  /**
   * Appended to the label of a period where a store keeps its buckets, so that those of other rules are never taken for them;
   * nothing for those of UTC that are labelled by their start.
   */
  readonly suffix: string;
}

/** @param timezone An IANA name that this machine knows. */
export function bucketRules(timezone: string, label: BucketLabel): BucketRules {
  const utc = timezone === "UTC";
  const suffix = `${utc ? "" : ` ${timezone}`}${label === "end" ? " end" : ""}`;
  return { timezone, label, days: utc ? utcDays : new ZoneDays(timezone), suffix };
}

export const utcRules = bucketRules("UTC", "start");
