import { parseTimestamp } from "../../blocks/model/timestamp.ts";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";
import { type TimeReader, timePattern } from "./time-pattern.ts";
import { type ToUniversal, timeZoneClock } from "./time-zone.ts";

const earliestMs = Date.parse("0001-01-01T00:00:00Z");
const latestMs = Date.parse("9999-12-31T23:59:59.999Z");
const decimal = /^[+-]?\d+(?:\.\d+)?$/;
const zoned = /(?:[zZ]|[+-]\d\d(?::?\d\d)?)$/;

/**
 * How the cells of the time column are read, as ms since the epoch, UTC; NaN where a cell cannot be read, or lies outside the
 * years 1 to 9999.
 *
 * `epoch_s` takes decimals and rounds to the millisecond. `iso8601` takes a date alone, a space for the `T`, and its own offset,
 * which wins over the time zone of the settings. Anything else is a pattern (see `timePattern`).
 *
 * @throws {EngineError} `SETTING_INVALID` when the pattern cannot be read or there is no such zone.
 */
export async function timeColumn(format: string, zone: string): Promise<TimeReader> {
  const read = await reader(format, zone);
  return (cell) => {
    const timeMs = read(cell.trim());
    return timeMs >= earliestMs && timeMs <= latestMs ? timeMs : Number.NaN;
  };
}

async function reader(format: string, zone: string): Promise<TimeReader> {
  if (format === "epoch_ms") return (cell) => (decimal.test(cell) ? Math.round(Number(cell)) : Number.NaN);
  if (format === "epoch_s") return (cell) => (decimal.test(cell) ? Math.round(Number(cell) * 1_000) : Number.NaN);
  const toUniversal = await timeZoneClock(zone).catch((cause: unknown) => {
    const rule = "Cannot use the time zone as it must be an IANA name such as Europe/Brussels";
    throw new EngineError("SETTING_INVALID", `${rule}: it is "${zone}"`, { cause });
  });
  if (format === "iso8601") return isoReader(toUniversal);
  const local = compiled(format);
  return (cell) => {
    const wallClockMs = local(cell);
    return Number.isNaN(wallClockMs) ? Number.NaN : toUniversal(wallClockMs);
  };
}

function isoReader(toUniversal: ToUniversal): TimeReader {
  return (cell) => {
    if (cell.length === 10) return locally(parseTimestamp(`${cell}T00:00:00`), toUniversal);
    const text = cell[10] === " " ? `${cell.slice(0, 10)}T${cell.slice(11)}` : cell;
    const timeMs = parseTimestamp(text);
    // The date has hyphens too, so an offset is looked for behind it.
    return zoned.test(text.slice(11)) ? timeMs : locally(timeMs, toUniversal);
  };
}

function locally(wallClockMs: number, toUniversal: ToUniversal): number {
  return Number.isNaN(wallClockMs) ? Number.NaN : toUniversal(wallClockMs);
}

function compiled(pattern: string): TimeReader {
  try {
    return timePattern(pattern);
  } catch (cause) {
    const sentence = `Cannot use the time format "${pattern}" as ${sentenceOf(cause)}`;
    throw new EngineError("SETTING_INVALID", sentence, { cause });
  }
}
