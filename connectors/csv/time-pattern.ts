/** Reads a local time as ms since the epoch as if it were UTC; NaN when the text does not match or there is no such day. */
export type TimeReader = (text: string) => number;

const fields = ["yyyy", "MM", "dd", "HH", "mm", "ss", "SSS"] as const;
const token = /yyyy|MM|dd|HH|mm|ss|SSS|'([^']*)'|([A-Za-z]+)|([^A-Za-z']+)|(')/g;

/**
 * Compiles a pattern of the letters `yyyy MM dd HH mm ss SSS`, each at most once, and anything that is no letter; letters that
 * stand for themselves are quoted: `yyyy-MM-dd'T'HH:mm`. The date is needed, what else is missing counts as 0.
 *
 * @throws {RangeError} with what is wrong about the pattern.
 */
export function timePattern(pattern: string): TimeReader {
  const order: string[] = [];
  let source = "";
  for (const [all, quoted, unknown, literal, open] of pattern.matchAll(token)) {
    if (unknown !== undefined) throw new RangeError(`it knows only ${fields.join(" ")}: there is "${unknown}"`);
    if (open !== undefined) throw new RangeError("each ' must have a second one");
    if (quoted !== undefined || literal !== undefined) {
      source += (quoted ?? literal ?? "").replaceAll(/[.*+?^${}()|[\]\\/]/g, "\\$&");
      continue;
    }
    if (order.includes(all)) throw new RangeError(`each field may stand once: there are two "${all}"`);
    order.push(all);
    source += `(\\d{${all.length}})`;
  }
  for (const field of ["yyyy", "MM", "dd"]) {
    if (!order.includes(field)) throw new RangeError(`it needs yyyy, MM and dd: there is no "${field}"`);
  }
  const regex = new RegExp(`^${source}$`);
  const groups = fields.map((field) => order.indexOf(field) + 1);
  return (text) => {
    const match = regex.exec(text);
    if (match === null) return Number.NaN;
    const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0] = groups.map((group) =>
      group === 0 ? 0 : Number(match[group]),
    );
    if (year < 1 || hour > 23 || minute > 59 || second > 59) return Number.NaN;
    const date = new Date(0);
    date.setUTCFullYear(year, month - 1, day);
    if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return Number.NaN;
    return date.setUTCHours(hour, minute, second, ms);
  };
}
