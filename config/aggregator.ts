export type AggregatorUnit = "s" | "m" | "h" | "d" | "mo";

/** A time aggregator: `5m` is five minutes, `1mo` one calendar month. Not a duration. */
export interface Aggregator {
  /** As written, in its only spelling. */
  readonly label: string;
  /** From 1 to 99,999. */
  readonly count: number;
  readonly unit: AggregatorUnit;
}

/** What is wrong with one item of a list of aggregators. */
export interface AggregatorFault {
  /** Of the item, from 0. */
  readonly index: number;
  /** What the item must be, as in "it must be …". */
  readonly rule: string;
}

/** Reads `<n>s|m|h|d|mo`, without spaces and leading zeros; undefined where the text is no aggregator. */
export function parseAggregator(text: string): Aggregator | undefined {
  const parts = /^([1-9]\d{0,4})(s|m|h|d|mo)$/.exec(text);
  return parts === null ? undefined : { label: text, count: Number(parts[1]), unit: parts[2] as AggregatorUnit };
}

/**
 * Checks that the aggregators ascend, and that each finer one divides the next, so that a bucket of the next is made of whole
 * buckets of the finer one. Months differ in length, so only what divides a day divides a month.
 *
 * @returns The faults in order of their items; an item that is no aggregator is reported and then passed over.
 */
export function checkAggregators(labels: readonly string[]): AggregatorFault[] {
  const faults: AggregatorFault[] = [];
  let finer: Aggregator | undefined;
  for (const [index, label] of labels.entries()) {
    const next = parseAggregator(label);
    if (next === undefined) {
      faults.push({ index, rule: "it must be a count and one of s, m, h, d, mo, such as 1m or 1mo" });
      continue;
    }
    if (finer !== undefined && !ascends(finer, next)) {
      faults.push({ index, rule: `it must be longer than the one before it, ${finer.label}` });
    } else if (finer !== undefined && !divides(finer, next)) {
      faults.push({ index, rule: `it must be made of whole periods of the one before it, ${finer.label}` });
    }
    finer = next;
  }
  return faults;
}

const unitSeconds = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** A month passes here whatever stands before it: `divides` then refuses what is longer than a day. */
function ascends(finer: Aggregator, next: Aggregator): boolean {
  if (finer.unit === "mo") return next.unit === "mo" && next.count > finer.count;
  return next.unit === "mo" || seconds(next.unit, next.count) > seconds(finer.unit, finer.count);
}

/** Whether a bucket of `next` is made of whole buckets of `finer`. */
export function divides(finer: Aggregator, next: Aggregator): boolean {
  if (finer.unit === "mo") return next.unit === "mo" && next.count % finer.count === 0;
  const whole = next.unit === "mo" ? unitSeconds.d : seconds(next.unit, next.count);
  return whole % seconds(finer.unit, finer.count) === 0;
}

function seconds(unit: keyof typeof unitSeconds, count: number): number {
  return unitSeconds[unit] * count;
}
