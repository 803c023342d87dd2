/** Round numbers for an axis, ascending: multiples of 1, 2 or 5 times a power of ten that cover `[low, high]`. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly { readonly value: number; readonly label: string }[];
}

/** @param intervals About how many steps to have, at least 1. The axis reaches from the first tick to the last. */
export function valueAxis(low: number, high: number, intervals: number): Axis {
  const span = high - low;
  // One value alone, or values too near each other or too far apart to count steps between, get an axis of their own.
  const middle = span > Math.abs(high) * 1e-12 && Number.isFinite(span) ? undefined : low / 2 + high / 2;
  if (middle !== undefined && !Number.isFinite(span)) return plainAxis(low, high);
  const margin = middle === undefined ? 0 : Math.max(Math.abs(middle) * 1e-6, 0.5);
  const step = niceStep((span + 2 * margin) / intervals);
  const first = Math.floor((low - margin) / step);
  const last = Math.ceil((high + margin) / step);
  const digits = Math.min(20, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  const ticks: { value: number; label: string }[] = [];
  for (let index = first; index <= last; index += 1) {
    const value = index * step;
    ticks.push({ value, label: label(value, digits) });
  }
  return { low: first * step, high: last * step, ticks };
}

/** Moments for an axis of time, ascending: whole steps of a clock within `[from, to]`, ms since the epoch. */
export function timeTicks(
  from: number,
  to: number,
  ticksMax: number,
): { readonly time: number; readonly label: string }[] {
  const stepMs =
    stepsMs.find((step) => (to - from) / step < ticksMax) ?? niceStep((to - from) / dayMs / ticksMax) * dayMs * 2;
  const ticks: { time: number; label: string }[] = [];
  const first = Math.ceil(from / stepMs);
  const last = Math.floor(to / stepMs);
  for (let index = first; index <= last; index += 1) {
    const time = index * stepMs;
    ticks.push({ time, label: timeLabel(time, stepMs, index === first) });
  }
  return ticks;
}

const secondMs = 1_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;

const stepsMs: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * secondMs),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * minuteMs),
  ...[1, 2, 3, 6, 12].map((hours) => hours * hourMs),
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000].map((days) => days * dayMs),
];

/** The first label and the ones at midnight tell the day, the others the time of the day only. */
function timeLabel(time: number, stepMs: number, isFirst: boolean): string {
  const [day = "", clock = ""] = new Date(time).toISOString().slice(0, -1).split("T");
  if (time % dayMs === 0) return day;
  const short = clock.slice(0, stepMs >= minuteMs ? 5 : stepMs >= secondMs ? 8 : 12);
  return isFirst ? `${day} ${short}` : short;
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const fraction = rough / power;
  const nice = fraction <= 1 ? 1 : fraction <= 2 ? 2 : fraction <= 5 ? 5 : 10;
  return nice * power;
}

/** Extremes whose difference no double holds. */
function plainAxis(low: number, high: number): Axis {
  return { low, high, ticks: [low, high].map((value) => ({ value, label: label(value, 0) })) };
}

function label(value: number, digits: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e9 || magnitude < 1e-6)) return value.toExponential(2).replace(/\.?0+e/, "e");
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}
