import type { Column } from "../model/columns.ts";
import { type FoldKernel, windowRows } from "./kernel/fold-kernel.ts";
import { likeColumn, lowerBound, type RowSpan } from "./merge-points.ts";

/** So many points of one series are kept at most; a bucket of more is seldom late, and dear to move at every write. */
const ofSeriesMax = 1_024;

/**
 * The newest raw points of those series that get late ones, so that a late point is not read back from the store: all points of
 * a series from some time on.
 *
 * Points of series that are kept together are a page, in the order of the series, so that they are copied together too.
 *
 * Bounded: a series with more than 1,024 points since that time is not kept, and beyond `pointsMax` points of all pages, each of which
 * counts whole until the last of its series has left it, everything is forgotten. Late points are then read back. A page has room for up to
 * twice its points.
 */
export class HotPoints {
  /** By the dense index of the series. */
  #kept: (KeptPoints | undefined)[] = [];
  readonly #pointsMax: number;
  /** Of the pages that some series has points in: a page counts whole until the last of its series has left it. */
  #points = 0;
  #longest = 0;
  /** Pages that nobody has, of layout `float`: fresh memory costs more than to copy into it. */
  readonly #spare: Page[] = [];

  constructor(pointsMax: number) {
    this.#pointsMax = pointsMax;
  }

  has(series: number): boolean {
    return this.#of(series) !== undefined;
  }

  /** Whether no series has points here. */
  get empty(): boolean {
    return this.#points === 0;
  }

  /** Points that were kept of one series at most, since everything was forgotten. */
  get longest(): number {
    return this.#longest;
  }

  /** Points that are kept of a series. */
  length(series: number): number {
    return this.#of(series)?.length ?? 0;
  }

  /** Copies the points that are kept of a series to row `to` of `columns`: all since `since`, ascending and unique. */
  copyTo(series: number, columns: Columns, to: number): void {
    const kept = this.#of(series);
    if (kept !== undefined) copyRows(kept.page, kept.from, columns, to, kept.length);
  }

  /** Copies what is kept of the series of groups in a kernel to before their rows. */
  copyToKernel(kernel: FoldKernel, group: number, groups: number): void {
    for (let place = group; place < groups; ) {
      const begun = place;
      const first = this.#of(kernel.series[place] as number);
      place += 1;
      if (first === undefined) continue;
      // As they were kept together they come together, as a rule.
      const { page, from } = first;
      let to = from + first.length;
      for (; place < groups; place += 1) {
        const next = this.#of(kernel.series[place] as number);
        if (next === undefined) continue;
        if (next.page !== page || next.from !== to || to + next.length > from + windowRows) break;
        to += next.length;
      }
      kernel.takeKnown(page.time.subarray(from, to), (page.values as Float64Array).subarray(from, to), begun, place);
    }
  }

  /** No point of the series from here on is missing; Infinity where none are kept. */
  since(series: number): number {
    return this.#of(series)?.since ?? Number.POSITIVE_INFINITY;
  }

  /** Copies those of `rows` that are not before `since`, which must be all that the series has from there on. */
  keep(series: number, rows: RowSpan, since: number): void {
    const from = lowerBound(rows.time, since, rows.from, rows.to);
    const length = rows.to - from;
    if (length > ofSeriesMax || length === 0) {
      this.#forget(series);
      return;
    }
    const page = this.#newPage(rows.values, length);
    copyRows(rows, from, page, 0, length);
    this.#put(series, { page, from: 0, length, since });
  }

  /** The same for groups in a kernel, whose `sinces` say from where on; of those with Infinity what is kept stays as it is. */
  keepFromKernel(kernel: FoldKernel, group: number, groups: number): void {
    for (let place = group; place < groups; ) {
      const end = kernel.giveNewest(place, groups, ofSeriesMax);
      let length = 0;
      for (let one = place; one < end; one += 1) length += kernel.next[one] as number;
      const page = this.#newPage(kernel.windowValues, length);
      page.time.set(kernel.windowTime.subarray(0, length));
      (page.values as Float64Array).set(kernel.windowValues.subarray(0, length));
      let from = 0;
      for (; place < end; place += 1) {
        const series = kernel.series[place] as number;
        const since = kernel.sinces[place] as number;
        const length = kernel.next[place] as number;
        if (length > 0) this.#put(series, { page, from, length, since });
        else if (since < Number.POSITIVE_INFINITY) this.#forget(series);
        from += length;
      }
    }
  }

  /** Forgets everything when too much is kept. */
  evict(): void {
    if (this.#points > this.#pointsMax) this.forget();
  }

  forget(): void {
    this.#kept = [];
    this.#points = 0;
    this.#longest = 0;
  }

  #of(series: number): KeptPoints | undefined {
    return series < this.#kept.length ? this.#kept[series] : undefined;
  }

  #put(series: number, kept: KeptPoints): void {
    kept.page.series += 1;
    this.#longest = Math.max(this.#longest, kept.length);
    // Without holes, as those are slow to look into.
    while (this.#kept.length <= series) this.#kept.push(undefined);
    this.#forget(series);
    this.#kept[series] = kept;
  }

  #forget(series: number): void {
    const kept = this.#of(series);
    if (kept === undefined) return;
    this.#kept[series] = undefined;
    const { page } = kept;
    page.series -= 1;
    if (page.series > 0) return;
    this.#points -= page.length;
    if (page.values instanceof Float64Array && this.#spare.push(page) > sparePages) this.#spare.shift();
  }

  /** A page for so many points, which must get a series. */
  #newPage(values: Column, length: number): Page {
    this.#points += length;
    // Of a series that reports regularly there are twice as many at one time as at another.
    const room = 2 ** Math.ceil(Math.log2(length));
    const place = values instanceof Float64Array ? this.#spare.findIndex(({ time }) => time.length === room) : -1;
    const [spare] = place < 0 ? [] : this.#spare.splice(place, 1);
    const page = spare ?? { length, series: 0, time: new Float64Array(room), values: likeColumn(values, room) };
    page.length = length;
    return page;
  }
}

/** So many that nobody has are kept. */
const sparePages = 4;

interface Columns {
  readonly time: Float64Array;
  readonly values: Column;
}

/** Points of some series, one behind the other. */
interface Page extends Columns {
  length: number;
  /** Series that have theirs here. */
  series: number;
}

/** Rows of a page. */
interface KeptPoints {
  readonly page: Page;
  readonly from: number;
  readonly length: number;
  readonly since: number;
}

/** Copies `length` rows from row `from` of one to row `at` of the other. */
function copyRows(source: Columns, from: number, target: Columns, at: number, length: number): void {
  copyFloats(source.time, from, target.time, at, length);
  const { values } = source;
  if (values instanceof Float64Array) copyFloats(values, from, target.values as Float64Array, at, length);
  else for (let row = 0; row < length; row += 1) target.values[at + row] = values[from + row];
}

function copyFloats(source: Float64Array, from: number, target: Float64Array, at: number, length: number): void {
  // A view takes longer to make than so few rows to copy.
  if (length > 48) target.set(source.subarray(from, from + length), at);
  else for (let row = 0; row < length; row += 1) target[at + row] = source[from + row] as number;
}
