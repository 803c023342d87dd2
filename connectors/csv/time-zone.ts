/** From the wall clock of a place, as ms since the epoch as if it were UTC, to ms since the epoch. */
export type ToUniversal = (wallClockMs: number) => number;

const stretchMs = 15 * 60_000;

/**
 * The clock of an IANA time zone, or of an offset such as `+02:00`. A time that the place skipped in spring is taken as much
 * later as was skipped; one that it had twice in autumn is the first of the two (Temporal's "compatible").
 *
 * Rows of a file are neighbours in time, so the last quarter of an hour is remembered and only its edges ask the calendar.
 * The library is loaded when a file first needs it.
 *
 * @throws {RangeError} when there is no such zone.
 */
export async function timeZoneClock(zone: string): Promise<ToUniversal> {
  if (zone === "UTC") return (wallClockMs) => wallClockMs;
  const { Temporal } = await import("temporal-polyfill");
  const utc = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO("UTC").toPlainDateTime();
  const convert = (ms: number) => utc(ms).toZonedDateTime(zone, { disambiguation: "compatible" }).epochMilliseconds;
  convert(0);

  let stretch = Number.NaN;
  let offset = Number.NaN;
  return (wallClockMs) => {
    const start = Math.floor(wallClockMs / stretchMs) * stretchMs;
    if (start !== stretch) {
      const first = convert(start);
      const last = convert(start + stretchMs - 1);
      stretch = start;
      // Clocks were not changed inside it when its two ends lie as far apart as on the wall.
      offset = last - first === stretchMs - 1 ? first - start : Number.NaN;
    }
    return Number.isNaN(offset) ? convert(wallClockMs) : wallClockMs + offset;
  };
}
