/**
 * The state of one bucket of a `float` series (tdouble; tbool as 0 and 1): what count, first, last, min, max, sum, s_sum and
 * true_count need, as numbers side by side in a `Float64Array`, so that a million buckets are one array and no object.
 *
 * Sums are compensated: `sum` and `squares` are folded with an error term each (Knuth's two-sum), which is part of the state.
 * A state is a pure function of the points in ascending order; a merged one of the finer states in ascending order.
 */
export const floatStateWidth = 11;

/** Offsets of the numbers in a state. */
export const floatState = {
  count: 0,
  firstTime: 1,
  firstValue: 2,
  lastTime: 3,
  lastValue: 4,
  min: 5,
  max: 6,
  sum: 7,
  sumError: 8,
  squares: 9,
  squaresError: 10,
} as const;

/** Writes the empty state: count 0, the rest without meaning. */
export function seedFloatState(states: Float64Array, at: number): void {
  states.fill(0, at, at + floatStateWidth);
}

/**
 * Adds rows `from` (inclusive) to `to` (exclusive), at least one, which must follow in time all that is in the state.
 *
 * @param at Offset of the state in `states`, in numbers.
 */
export function foldFloats(
  states: Float64Array,
  at: number,
  time: Float64Array,
  values: Float64Array,
  from: number,
  to: number,
): void {
  let sum = states[at + 7] as number;
  let sumError = states[at + 8] as number;
  let squares = states[at + 9] as number;
  let squaresError = states[at + 10] as number;
  let min = states[at + 5] as number;
  let max = states[at + 6] as number;
  const count = states[at] as number;
  if (count === 0) {
    const first = values[from] as number;
    states[at + 1] = time[from] as number;
    states[at + 2] = first;
    min = first;
    max = first;
  }
  for (let row = from; row < to; row += 1) {
    const value = values[row] as number;
    if (value < min) min = value;
    else if (value > max) max = value;
    const nextSum = sum + value;
    const part = nextSum - sum;
    sumError += sum - (nextSum - part) + (value - part);
    sum = nextSum;
    const square = value * value;
    const nextSquares = squares + square;
    const squarePart = nextSquares - squares;
    // What the square itself loses to rounding, by halves of 26 bits (Dekker 1971).
    const scaled = value * 134_217_729;
    const high = scaled - (scaled - value);
    const low = value - high;
    squaresError +=
      squares -
      (nextSquares - squarePart) +
      (square - squarePart) +
      (low * low - (square - high * high - 2 * high * low));
    squares = nextSquares;
  }
  states[at] = count + (to - from);
  states[at + 3] = time[to - 1] as number;
  states[at + 4] = values[to - 1] as number;
  // No -0: which of the two came first does not matter then.
  states[at + 5] = min + 0;
  states[at + 6] = max + 0;
  states[at + 7] = sum;
  states[at + 8] = errorOf(sumError);
  states[at + 9] = squares;
  states[at + 10] = errorOf(squaresError);
}

/** Of a sum that overflowed it is 0: no number has many bit patterns, and which of them comes out depends on the compiler. */
function errorOf(error: number): number {
  return Number.isNaN(error) ? 0 : error;
}

/** Merges the state at `laterAt` of `later`, whose points all follow, into the one at `at` of `states`. */
export function mergeFloats(states: Float64Array, at: number, later: Float64Array, laterAt: number): void {
  const laterCount = later[laterAt] as number;
  if (laterCount === 0) return;
  const count = states[at] as number;
  if (count === 0) {
    for (let offset = 0; offset < floatStateWidth; offset += 1) states[at + offset] = later[laterAt + offset] as number;
    return;
  }
  states[at] = count + laterCount;
  states[at + 3] = later[laterAt + 3] as number;
  states[at + 4] = later[laterAt + 4] as number;
  if ((later[laterAt + 5] as number) < (states[at + 5] as number)) states[at + 5] = later[laterAt + 5] as number;
  if ((later[laterAt + 6] as number) > (states[at + 6] as number)) states[at + 6] = later[laterAt + 6] as number;
  mergeSum(states, at + 7, later, laterAt + 7);
  mergeSum(states, at + 9, later, laterAt + 9);
}

/** Adds a compensated sum (sum, error) to another. */
function mergeSum(states: Float64Array, at: number, later: Float64Array, laterAt: number): void {
  const sum = states[at] as number;
  const added = later[laterAt] as number;
  const next = sum + added;
  const part = next - sum;
  const error = (states[at + 1] as number) + (later[laterAt + 1] as number) + (sum - (next - part) + (added - part));
  states[at] = Number.isNaN(next) ? Number.NaN : next;
  states[at + 1] = errorOf(error);
}

/** The names that a float state answers. */
export const floatResultNames = ["count", "first", "last", "min", "max", "sum", "s_sum", "true_count"] as const;
export type FloatResultName = (typeof floatResultNames)[number];

/** The result of one derivator; `first` and `last` give the value alone. Meaningless for an empty state. */
export function floatResult(states: Float64Array, at: number, name: FloatResultName): number {
  switch (name) {
    case "count":
      return states[at] as number;
    case "first":
      return states[at + 2] as number;
    case "last":
      return states[at + 4] as number;
    case "min":
      return states[at + 5] as number;
    case "max":
      return states[at + 6] as number;
    case "sum":
    case "true_count":
      return compensated(states, at + 7);
    case "s_sum":
      return compensated(states, at + 9);
  }
}

/**
 * The population's variance: (n Σx² - (Σx)²) / n², of sums and products of 106 bits, so that what cancels out leaves more than
 * the digits that a result has, as long as the values are below 10^12 of their spread.
 */
export function floatVariance(states: Float64Array, at = 0): number {
  const count = states[at] as number;
  const sum = states[at + 7] as number;
  const sumError = states[at + 8] as number;
  const squares = states[at + 9] as number;
  const squaresError = states[at + 10] as number;
  const first = count * squares;
  const second = sum * sum;
  const rest =
    productError(count, squares, first) + count * squaresError - (productError(sum, sum, second) + 2 * sum * sumError);
  return Math.max(0, (first - second + rest) / count / count);
}

/** What `product` lacks of a · b, by halves of 26 bits (Dekker 1971). */
function productError(a: number, b: number, product: number): number {
  const aHigh = a * 134_217_729 - (a * 134_217_729 - a);
  const bHigh = b * 134_217_729 - (b * 134_217_729 - b);
  const [aLow, bLow] = [a - aHigh, b - bHigh];
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** An overflowing sum is infinite, and its error term is then no number. */
function compensated(states: Float64Array, at: number): number {
  const sum = states[at] as number;
  const error = states[at + 1] as number;
  return Number.isFinite(error) ? sum + error : sum;
}
