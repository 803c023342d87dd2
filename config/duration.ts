/** Milliseconds of each unit a duration can be written in; any other word is refused. */
const unitMs: ReadonlyMap<string, number> = new Map([
  ...spelled(["d", "day", "days"], 86_400_000),
  ...spelled(["h", "hour", "hours"], 3_600_000),
  ...spelled(["min", "minute", "minutes"], 60_000),
  ...spelled(["s", "second", "seconds"], 1_000),
  ...spelled(["ms", "milli", "millisecond", "milliseconds"], 1),
]);

/**
 * Reads a duration: `<length><unit>`, spaces allowed around both, the length a positive integer or decimal.
 *
 * @returns Milliseconds, rounded to the microsecond, so more than 0 and at most `Number.MAX_SAFE_INTEGER`; undefined where the
 * text is no duration.
 * @see TSorage's documentation, "Durations"
 */
export function parseDuration(text: string): number | undefined {
  const parts = /^\s*(\d{1,16}(?:\.\d{1,16})?)\s*([a-z]+)\s*$/.exec(text);
  const unit = unitMs.get(parts?.[2] ?? "");
  if (unit === undefined) return undefined;
  const ms = Math.round(Number(parts?.[1]) * unit * 1_000) / 1_000;
  return ms > 0 && ms <= Number.MAX_SAFE_INTEGER ? ms : undefined;
}

/**
 * Writes a duration in the largest unit that needs no decimals, else in milliseconds.
 *
 * @param ms More than 0, in whole microseconds.
 * @returns A literal that `parseDuration` reads back as `ms`.
 */
export function formatDuration(ms: number): string {
  for (const [name, unit] of [
    ["day", 86_400_000],
    ["hour", 3_600_000],
    ["minute", 60_000],
    ["second", 1_000],
  ] as const) {
    if (ms % unit === 0) return ms === unit ? `1 ${name}` : `${ms / unit} ${name}s`;
  }
  return `${Number.isInteger(ms) ? ms : ms.toFixed(3)} ms`;
}

function spelled(names: readonly string[], ms: number): [string, number][] {
  return names.map((name) => [name, ms]);
}
