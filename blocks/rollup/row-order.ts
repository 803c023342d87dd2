import { lowerBound } from "./merge-points.ts";

/**
 * Finds the ascending and unique order of rows that come mostly in it: the late ones are sorted alone and merged into the
 * others. One pass where none is late. Scratch memory, as long as the longest list; one list at a time.
 */
export class RowOrder {
  /** The rows that stand, in order of time, counted from the first; as many as the last `sort` returned. */
  rows = new Uint32Array(256);
  /** The oldest timestamp among the rows that may be late, where the last `sort` found late ones. */
  oldest = 0;
  #late = new Uint32Array(64);
  #lateTime = new Float64Array(64);
  #mainTime = new Float64Array(256);

  /**
   * @param time Of rows `first` to `end`, in order of arrival; of equal ones the last stands.
   * @param from From here on rows may be late; those before are in order.
   * @returns how many rows stand, or -1 where all do as they are.
   */
  sort(time: Float64Array, first: number, end: number, from = first): number {
    let newest = from === first ? Number.NEGATIVE_INFINITY : (time[from - 1] as number);
    let late = 0;
    for (let row = from; row < end; row += 1) {
      const at = time[row] as number;
      if (at > newest) newest = at;
      else late += 1;
    }
    return late === 0 ? -1 : this.#merge(time, first, end, from, late);
  }

  #merge(time: Float64Array, first: number, end: number, from: number, lateCount: number): number {
    this.#makeRoom(end - first, lateCount);
    const main = this.#part(time, first, end);
    const sorted = this.#lastOfEach(time, first, lateCount);
    this.oldest = Math.min(time[from] as number, this.#lateTime[0] as number);
    const late = this.#standing(sorted, main);
    const { rows } = this;
    const lateTime = this.#lateTime;
    const mainTime = this.#mainTime;
    // From the end, so that no row is written over before it moved.
    let moved = main - 1;
    let to = main + late - 1;
    for (let place = late - 1; place >= 0; place -= 1) {
      const at = lateTime[place] as number;
      while (moved >= 0 && (mainTime[moved] as number) > at) {
        rows[to] = rows[moved] as number;
        to -= 1;
        moved -= 1;
      }
      rows[to] = this.#late[place] as number;
      to -= 1;
    }
    return main + late;
  }

  /** Parts rows that follow all before them, into `rows`, from late ones. @returns how many follow. */
  #part(time: Float64Array, first: number, end: number): number {
    const { rows } = this;
    const late = this.#late;
    const mainTime = this.#mainTime;
    let newest = Number.NEGATIVE_INFINITY;
    let main = 0;
    let lateRows = 0;
    for (let row = first; row < end; row += 1) {
      const at = time[row] as number;
      if (at > newest) {
        newest = at;
        rows[main] = row - first;
        mainTime[main] = at;
        main += 1;
      } else {
        late[lateRows] = row - first;
        lateRows += 1;
      }
    }
    return main;
  }

  /** Sorts the late rows by time; of equal ones the last is kept. @returns how many are. */
  #lastOfEach(time: Float64Array, first: number, count: number): number {
    const late = this.#late;
    if (count > insertedMax) {
      late.subarray(0, count).sort((a, b) => (time[first + a] as number) - (time[first + b] as number) || a - b);
    } else {
      for (let place = 1; place < count; place += 1) {
        const row = late[place] as number;
        const at = time[first + row] as number;
        let to = place;
        // Stable: behind those of the same time, which came before.
        while (to > 0 && (time[first + (late[to - 1] as number)] as number) > at) {
          late[to] = late[to - 1] as number;
          to -= 1;
        }
        late[to] = row;
      }
    }
    let kept = 0;
    for (let place = 0; place < count; place += 1) {
      const at = time[first + (late[place] as number)] as number;
      if (kept > 0 && this.#lateTime[kept - 1] === at) kept -= 1;
      late[kept] = late[place] as number;
      this.#lateTime[kept] = at;
      kept += 1;
    }
    return kept;
  }

  /** A late row takes the place of the other row of its time, which came before it. @returns how many late rows are left. */
  #standing(count: number, main: number): number {
    let kept = 0;
    let place = 0;
    for (let row = 0; row < count; row += 1) {
      const at = this.#lateTime[row] as number;
      place = lowerBound(this.#mainTime, at, place, main);
      if (place < main && this.#mainTime[place] === at) this.rows[place] = this.#late[row] as number;
      else {
        this.#late[kept] = this.#late[row] as number;
        this.#lateTime[kept] = at;
        kept += 1;
      }
    }
    return kept;
  }

  #makeRoom(rows: number, late: number): void {
    if (this.rows.length < rows) {
      this.rows = new Uint32Array(2 * rows);
      this.#mainTime = new Float64Array(2 * rows);
    }
    if (this.#late.length < late) {
      this.#late = new Uint32Array(2 * late);
      this.#lateTime = new Float64Array(2 * late);
    }
  }
}

/** So many late rows are inserted one by one; more are sorted by the engine's own sort. */
const insertedMax = 64;
