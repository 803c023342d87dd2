import { dateFromDays, dayMs, daysFromDate, daysInMonth } from "./calendar.ts";

/** 0001-01-01T00:00:00.000Z, ms since the epoch: the earliest instant that is read. */
export const timestampMin = -62_135_596_800_000;
/** 9999-12-31T23:59:59.999Z, ms since the epoch: the latest instant that is read. */
export const timestampMax = 253_402_300_799_999;

/**
 * Reads `YYYY-MM-DDTHH:MM[:SS[.fraction]]`, then nothing (UTC), `Z`, `+hh:mm` or `-hh:mm` (ISO 8601, extended format).
 * The calendar is checked; 24:00 and leap seconds (:60) are refused; fraction digits after the third are cut off.
 *
 * @returns Milliseconds since the epoch, `timestampMin` to `timestampMax`; NaN where the text is anything else.
 */
export function parseTimestamp(text: string): number {
  const length = text.length;
  if (length < 16) return Number.NaN;
  const year = digitPair(text, 0) * 100 + digitPair(text, 2);
  const month = digitPair(text, 5);
  const day = digitPair(text, 8);
  const hour = digitPair(text, 11);
  const minute = digitPair(text, 14);
  const separated =
    text.charCodeAt(4) === dash &&
    text.charCodeAt(7) === dash &&
    text.charCodeAt(10) === letterT &&
    text.charCodeAt(13) === colon;
  // A pair that holds anything but digits is NaN, and NaN passes none of these comparisons.
  if (!(separated && year >= 1 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59)) {
    return Number.NaN;
  }
  if (day > 28 && day > daysInMonth(year, month)) return Number.NaN;
  let at = 16;
  let ms = 0;
  if (length > 16 && text.charCodeAt(16) === colon) {
    const second = digitPair(text, 17);
    if (!(second <= 59)) return Number.NaN;
    ms = second * 1000;
    at = 19;
    if (text.charCodeAt(19) === dot) {
      at = endOfDigits(text, 20);
      if (at === 20) return Number.NaN;
      ms += fractionMs(text, at);
    }
  }
  if (at !== length) {
    const offset = zoneMs(text, at);
    if (Number.isNaN(offset)) return Number.NaN;
    ms -= offset;
  }
  const time = daysFromDate(year, month, day) * dayMs + hour * 3_600_000 + minute * 60_000 + ms;
  return time >= timestampMin && time <= timestampMax ? time : Number.NaN;
}

/**
 * `2020-01-02T03:04:05.678Z`.
 *
 * @param time Whole ms since the epoch. Years outside 0 to 9999, which only labels of buckets can reach, take the expanded
 *   form of ECMA-262.
 * @throws {RangeError} beyond what a date of ECMA-262 can hold: a bug, not a fault of the world.
 */
export function formatTimestamp(time: number): string {
  if (!(time >= formatMin && time <= timestampMax)) return new Date(time).toISOString();
  const days = Math.floor(time / dayMs);
  const rest = time - days * dayMs;
  return `${dayText(days)}T${secondText(rest)}.${threeDigits(rest % 1000)}Z`;
}

/** `2020-01-02T03:04:05.678`: no zone, UTC meant, seconds always, and as many fraction digits as are needed (none to three). */
export function formatLocalTimestamp(time: number): string {
  if (!(time >= formatMin && time <= timestampMax)) return trimmedFraction(new Date(time).toISOString());
  const days = Math.floor(time / dayMs);
  const rest = time - days * dayMs;
  const whole = `${dayText(days)}T${secondText(rest)}`;
  const ms = rest % 1000;
  if (ms === 0) return whole;
  if (ms % 100 === 0) return `${whole}.${ms / 100}`;
  return ms % 10 === 0 ? `${whole}.${pair(ms / 10)}` : `${whole}.${threeDigits(ms)}`;
}

/** `2020-01-02` of a day counted from 1970-01-01; years 0 to 9999. */
export function dayText(days: number): string {
  // Neighbouring rows are mostly of one day.
  if (days !== lastDay) {
    const { year, month, day } = dateFromDays(days);
    lastDayText = `${pair((year / 100) | 0)}${pair(year % 100)}-${pair(month)}-${pair(day)}`;
    lastDay = days;
  }
  return lastDayText;
}

let lastDay = Number.NaN;
let lastDayText = "";

/** 0000-01-01T00:00:00.000Z: buckets of several months or days may begin before the first timestamp. */
const formatMin = -62_167_219_200_000;
const dash = 0x2d;
const dot = 0x2e;
const colon = 0x3a;
const plus = 0x2b;
const letterT = 0x54;
const letterZ = 0x5a;
const pairs = Array.from({ length: 100 }, (_, number) => String(number).padStart(2, "0"));

/** Two decimal digits at `at`; NaN where they are none, also past the end. */
function digitPair(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

function endOfDigits(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) break;
    at += 1;
  }
  return at;
}

/** The digits from 20 up to `end`, at least one, as whole ms. */
function fractionMs(text: string, end: number): number {
  let ms = (text.charCodeAt(20) - 48) * 100;
  if (end > 21) ms += (text.charCodeAt(21) - 48) * 10;
  if (end > 22) ms += text.charCodeAt(22) - 48;
  return ms;
}

/** What the zone at the end of the text is ahead of UTC; NaN where it is no zone. */
function zoneMs(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if (sign === letterZ) return at + 1 === text.length ? 0 : Number.NaN;
  if ((sign !== plus && sign !== dash) || at + 6 !== text.length || text.charCodeAt(at + 3) !== colon) {
    return Number.NaN;
  }
  const hours = digitPair(text, at + 1);
  const minutes = digitPair(text, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  const ahead = hours * 3_600_000 + minutes * 60_000;
  return sign === plus ? ahead : -ahead;
}

/** `03:04:05` of ms since midnight. */
function secondText(rest: number): string {
  const seconds = (rest / 1000) | 0;
  return `${pair((seconds / 3600) | 0)}:${pair(((seconds / 60) | 0) % 60)}:${pair(seconds % 60)}`;
}

function threeDigits(ms: number): string {
  return `${(ms / 100) | 0}${pair(ms % 100)}`;
}

function pair(number: number): string {
  return pairs[number] ?? "";
}

function trimmedFraction(iso: string): string {
  return iso.replace(/\.?0*Z$/, "");
}
