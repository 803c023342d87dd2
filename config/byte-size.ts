const unitBytes: ReadonlyMap<string, number> = new Map([
  ["B", 1],
  ["kB", 1_000],
  ["MB", 1_000_000],
  ["GB", 1_000_000_000],
  ["TB", 1_000_000_000_000],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

/**
 * Reads a size: `<length><unit>`, spaces allowed around both, the length a positive integer or decimal, the unit one of IEC 80000-13
 * (`B kB MB GB TB KiB MiB GiB TiB`).
 *
 * @returns Whole bytes, rounded, from 1 to `Number.MAX_SAFE_INTEGER`; undefined where the text is no size.
 */
export function parseByteSize(text: string): number | undefined {
  const parts = /^\s*(\d{1,16}(?:\.\d{1,16})?)\s*([A-Za-z]+)\s*$/.exec(text);
  const unit = unitBytes.get(parts?.[2] ?? "");
  if (unit === undefined) return undefined;
  const bytes = Math.round(Number(parts?.[1]) * unit);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
}
