import type { Column } from "../model/columns.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";

/**
 * A counting sort of rows of any layout by the dense index of their series: no hash, no comparison. Rows of the chunks are counted,
 * then who calls turns the counts into where the rows of each series begin, and then they are moved there.
 */
export class PlainSort {
  /**
   * By the index of a series: rows that were counted, then the row of the columns that its next one goes to. Who calls leaves it all
   * zero for the next batch.
   */
  counts = new Uint32Array(1024);
  /** The series that were counted, in the order in which they came. */
  touched = new Uint32Array(1024);

  /** Makes room for the indices below `count`. */
  reserveSeries(count: number): void {
    if (this.counts.length >= count) return;
    this.counts = new Uint32Array(Math.max(count, 2 * this.counts.length));
    this.touched = new Uint32Array(this.counts.length);
  }

  /**
   * @param touched Series that were counted before.
   * @returns how many there are now; -1 where there is no room for the index of one.
   */
  count({ series, length }: ObservationChunk, touched: number): number {
    const { counts } = this;
    let count = touched;
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      const rows = counts[index];
      if (rows === undefined) return -1;
      if (rows === 0) {
        this.touched[count] = index;
        count += 1;
      }
      counts[index] = rows + 1;
    }
    return count;
  }

  scatter(chunk: ObservationChunk, { time, values }: { time: Float64Array; values: Column }): void {
    const { counts: next } = this;
    const { series, time: chunkTime, length } = chunk;
    if (values instanceof Float64Array) {
      const chunkValues = chunk.values as Float64Array;
      for (let row = 0; row < length; row += 1) {
        const index = series[row] as number;
        const at = next[index] as number;
        next[index] = at + 1;
        time[at] = chunkTime[row] as number;
        values[at] = chunkValues[row] as number;
      }
      return;
    }
    for (let row = 0; row < length; row += 1) {
      const index = series[row] as number;
      const at = next[index] as number;
      next[index] = at + 1;
      time[at] = chunkTime[row] as number;
      values[at] = chunk.values[row];
    }
  }
}
