/** A sum of doubles with the rounding error of its additions (Knuth's two-sum), so that it does not drift. */
export interface FloatSum {
  sum: number;
  error: number;
}

export function addTo(total: FloatSum, value: number, valueError = 0): void {
  const next = total.sum + value;
  const part = next - total.sum;
  const error = total.error + valueError + (total.sum - (next - part)) + (value - part);
  // A sum that overflows has none.
  total.error = Number.isNaN(error) ? 0 : error;
  total.sum = next;
}

export function sumOf({ sum, error }: FloatSum): number {
  return Number.isFinite(error) ? sum + error : sum;
}
