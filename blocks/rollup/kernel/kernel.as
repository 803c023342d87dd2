// Sorts rows by series, puts those of each series in order, and folds their buckets: what row-sort.ts, row-order.ts and
// float-state.ts do, in AssemblyScript, which `npm run kernel` compiles. Results are the same to the last bit: WebAssembly computes
// f64 as JavaScript does.
//
// Columns lie in memory one behind the other; places of groups, rows and numbers are counted from the start of a column.

/** Numbers of a state, as in float-state.ts. */
const width: usize = 11;

let windowSeries: usize = 0;
let windowTime: usize = 0;
let windowValues: usize = 0;
let seriesRoom: u32 = 0;
let counts: usize = 0;
let touched: usize = 0;
let time: usize = 0;
let values: usize = 0;
let lateTime: usize = 0;
let lateValues: usize = 0;
let spareTime: usize = 0;
let spareValues: usize = 0;
let starts: usize = 0;
let froms: usize = 0;
let tos: usize = 0;
let late: usize = 0;
let next: usize = 0;
let goesOn: usize = 0;
let hot: usize = 0;
let ends: usize = 0;
let bucketStarts: usize = 0;
let states: usize = 0;
let statesMax: i32 = 0;

/** Divides the memory: for other `rows`, `groups` and `buckets` the columns of all series stay. @returns its length in bytes. */
export function layOut(window: i32, series: i32, rows: i32, groups: i32, buckets: i32): usize {
  const ofRows = <usize>rows << 3;
  const ofGroups = ((<usize>groups + 1) & ~1) << 2;
  const ofSeries = ((<usize>series + 1) & ~1) << 2;
  windowTime = (__heap_base + 7) & ~7;
  windowValues = windowTime + (<usize>window << 3);
  windowSeries = windowValues + (<usize>window << 3);
  seriesRoom = series;
  counts = windowSeries + (<usize>window << 2);
  touched = counts + ofSeries;
  // A row of a series that has been counted already is written behind the last one.
  time = touched + ofSeries + 8;
  values = time + ofRows;
  lateTime = values + ofRows;
  lateValues = lateTime + ofRows;
  spareTime = lateValues + ofRows;
  spareValues = spareTime + ofRows;
  starts = spareValues + ofRows;
  froms = starts + ofGroups;
  tos = froms + ofGroups;
  late = tos + ofGroups;
  next = late + ofGroups;
  goesOn = next + ofGroups;
  ends = goesOn + ofGroups;
  hot = ends + ofGroups;
  bucketStarts = hot + ((<usize>groups * width) << 3);
  states = bucketStarts + (<usize>buckets << 3);
  statesMax = buckets;
  return states + ((<usize>buckets * width) << 3);
}

/** Where a column begins, in the order of `columns` in fold-kernel.ts. */
export function column(number: i32): usize {
  switch (number) {
    case 0: return time;
    case 1: return values;
    case 2: return starts;
    case 3: return froms;
    case 4: return tos;
    case 5: return late;
    case 6: return next;
    case 7: return goesOn;
    case 8: return ends;
    case 9: return hot;
    case 10: return bucketStarts;
    case 11: return states;
    case 12: return windowSeries;
    case 13: return windowTime;
    case 14: return windowValues;
    case 15: return counts;
    default: return touched;
  }
}

@inline function f64At(column: usize, place: i32): f64 {
  return load<f64>(column + (<usize>place << 3));
}

@inline function setF64(column: usize, place: i32, value: f64): void {
  store<f64>(column + (<usize>place << 3), value);
}

@inline function i32At(column: usize, place: i32): i32 {
  return load<i32>(column + (<usize>place << 2));
}

@inline function setI32(column: usize, place: i32, value: i32): void {
  store<i32>(column + (<usize>place << 2), value);
}

/**
 * Counts the rows of the window by series.
 *
 * @param count Series that have been counted before; others are written behind them in `touched`.
 * @returns how many there are then; -1 where there is no room for the index of a series: nothing is counted.
 */
export function countRows(rows: i32, count: i32): i32 {
  const end = windowSeries + (<usize>rows << 2);
  let most: u32 = 0;
  for (let at = windowSeries; at < end; at += 4) most = max(most, load<u32>(at));
  if (most >= seriesRoom) return -1;
  let behind = touched + (<usize>count << 2);
  for (let at = windowSeries; at < end; at += 4) {
    const series = load<u32>(at);
    const counted = counts + (<usize>series << 2);
    const known = load<u32>(counted);
    // Without a branch: only what is new stays.
    store<u32>(behind, series);
    behind += <usize>(known == 0) << 2;
    store<u32>(counted, known + 1);
  }
  return <i32>((behind - touched) >> 2);
}

/**
 * Moves the rows of the window to where `counts` says that the next row of their series goes, time and value side by side, as each
 * row is written to a place of its own, and every such place is a miss of the cache. `order` parts them.
 */
export function scatterRows(rows: i32): void {
  const next = counts;
  const pairs = lateTime;
  const even = rows & ~1;
  for (let row = 0; row < even; row += 2) {
    const series = windowSeries + (<usize>row << 2);
    const times = v128.load(windowTime + (<usize>row << 3));
    const numbers = v128.load(windowValues + (<usize>row << 3));
    const pair = pairs + (nextPlace(next, load<u32>(series)) << 4);
    const other = pairs + (nextPlace(next, load<u32>(series, 4)) << 4);
    v128.store(pair, v128.shuffle<f64>(times, numbers, 0, 2));
    v128.store(other, v128.shuffle<f64>(times, numbers, 1, 3));
  }
  if (even == rows) return;
  const pair = pairs + (nextPlace(next, load<u32>(windowSeries + (<usize>even << 2))) << 4);
  store<f64>(pair, f64At(windowTime, even));
  store<f64>(pair, f64At(windowValues, even), 8);
}

@inline function nextPlace(next: usize, series: u32): usize {
  const at = next + (<usize>series << 2);
  const place = load<u32>(at);
  store<u32>(at, place + 1);
  return place;
}

/** Brings the rows of a group from where they were scattered to into the columns. */
function part(from: i32, to: i32): void {
  let row = from;
  for (; row + 1 < to; row += 2) {
    const pair = v128.load(lateTime + (<usize>row << 4));
    const other = v128.load(lateTime + (<usize>row << 4) + 16);
    v128.store(time + (<usize>row << 3), v128.shuffle<f64>(pair, other, 0, 2));
    v128.store(values + (<usize>row << 3), v128.shuffle<f64>(pair, other, 1, 3));
  }
  if (row == to) return;
  setF64(time, row, load<f64>(lateTime + (<usize>row << 4)));
  setF64(values, row, load<f64>(lateTime + (<usize>row << 4), 8));
}

/** The first row of `from` to `to` whose time is not below `at`. */
function lowerBound(column: usize, at: f64, from: i32, to: i32): i32 {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (f64At(column, middle) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Puts the scattered rows of each group in order; of equal timestamps the row that came last stands. */
export function order(groups: i32): void {
  // All before the first is put in order, which takes the room where they are now.
  for (let group = 0; group < groups; group++) part(i32At(froms, group), i32At(tos, group));
  for (let group = 0; group < groups; group++) {
    const start = i32At(starts, group);
    const from = i32At(froms, group);
    const to = i32At(tos, group);
    let newest = from > start ? f64At(time, from - 1) : -Infinity;
    let row = from;
    while (row < to) {
      const at = f64At(time, row);
      if (!(at > newest)) break;
      newest = at;
      row++;
    }
    setI32(late, group, <i32>(row < to));
    if (row < to) orderGroup(group, start, from, row, to, newest);
  }
}

/** @param row The first late row, counted from 0. @param newest Timestamp of the row before it. */
function orderGroup(group: i32, start: i32, from: i32, row: i32, to: i32, newest: f64): void {
  let oldest = row > from ? f64At(time, from) : Infinity;
  let main = row;
  let count = 0;
  for (let moved = row; moved < to; moved++) {
    const at = f64At(time, moved);
    const value = f64At(values, moved);
    if (at > newest) {
      newest = at;
      setF64(time, main, at);
      setF64(values, main, value);
      main++;
    } else {
      setF64(lateTime, count, at);
      setF64(lateValues, count, value);
      count++;
    }
  }
  sortLate(count);
  count = lastOfEach(count);
  oldest = min(oldest, f64At(lateTime, 0));
  const end = mergeLateRows(count, start, main);
  setI32(tos, group, end);
  setI32(froms, group, lowerBound(time, oldest, start, end));
}

/**
 * Merges the late rows into those in order, `start` to `main`. A late row takes the place of the other row of its time, which
 * came before it. @returns behind the last row.
 */
function mergeLateRows(count: i32, start: i32, main: i32): i32 {
  const end = main + count;
  // From the end, so that no row is written over before it moved.
  let moved = main - 1;
  let into = end - 1;
  for (let place = count - 1; place >= 0; place--) {
    const at = f64At(lateTime, place);
    while (moved >= start && f64At(time, moved) > at) {
      setF64(time, into, f64At(time, moved));
      setF64(values, into, f64At(values, moved));
      into--;
      moved--;
    }
    if (moved >= start && f64At(time, moved) == at) moved--;
    setF64(time, into, at);
    setF64(values, into, f64At(lateValues, place));
    into--;
  }
  // Of each row whose place was taken a gap is left.
  const gap = into - moved;
  if (gap > 0) {
    const rows = <usize>(end - 1 - into) << 3;
    memory.copy(time + (<usize>(moved + 1) << 3), time + (<usize>(into + 1) << 3), rows);
    memory.copy(values + (<usize>(moved + 1) << 3), values + (<usize>(into + 1) << 3), rows);
  }
  return end - gap;
}

/** So many late rows are inserted one by one; longer runs of them are merged. */
const inserted: i32 = 32;

/** Sorts the late rows by time; those of one time stay in their order. */
function sortLate(count: i32): void {
  for (let from = 0; from < count; from += inserted) insertLate(from, min(from + inserted, count));
  for (let run = inserted; run < count; run <<= 1) {
    for (let from = 0; from < count; from += run << 1) {
      mergeLate(from, min(from + run, count), min(from + (run << 1), count));
    }
    const times = lateTime;
    const others = lateValues;
    lateTime = spareTime;
    lateValues = spareValues;
    spareTime = times;
    spareValues = others;
  }
}

function insertLate(from: i32, to: i32): void {
  for (let place = from + 1; place < to; place++) {
    const at = f64At(lateTime, place);
    const value = f64At(lateValues, place);
    let into = place;
    while (into > from && f64At(lateTime, into - 1) > at) {
      setF64(lateTime, into, f64At(lateTime, into - 1));
      setF64(lateValues, into, f64At(lateValues, into - 1));
      into--;
    }
    setF64(lateTime, into, at);
    setF64(lateValues, into, value);
  }
}

/** Merges two sorted runs into the spare columns. */
function mergeLate(from: i32, middle: i32, to: i32): void {
  let left = from;
  let right = middle;
  for (let into = from; into < to; into++) {
    const takesLeft = left < middle && (right >= to || f64At(lateTime, left) <= f64At(lateTime, right));
    const taken = takesLeft ? left++ : right++;
    setF64(spareTime, into, f64At(lateTime, taken));
    setF64(spareValues, into, f64At(lateValues, taken));
  }
}

/** Of late rows of one time the last is kept. @returns how many are. */
function lastOfEach(count: i32): i32 {
  let kept = 0;
  for (let place = 0; place < count; place++) {
    const at = f64At(lateTime, place);
    if (kept > 0 && f64At(lateTime, kept - 1) == at) kept--;
    setF64(lateTime, kept, at);
    setF64(lateValues, kept, f64At(lateValues, place));
    kept++;
  }
  return kept;
}

/** The first row from `row` to `last` that is not before `behind`, as `last` is not: looked for where it is of regular times. */
function behindBucket(row: i32, last: i32, behind: f64): i32 {
  const at = f64At(time, row);
  const part = (behind - at) / (f64At(time, last) - at);
  const end = row + <i32>Math.ceil(part * <f64>(last - row));
  if (f64At(time, end - 1) < behind && f64At(time, end) >= behind) return end;
  return lowerBound(time, behind, row + 1, last);
}

/**
 * Folds the buckets of groups from row `next` of each on, until the groups or the room for states end.
 *
 * Where `goesOn` is 1 the first bucket begins with the state in `hot`. `ends` tells behind which state those of a group end.
 *
 * @param group The group to begin with. @param bucketMs Length of a bucket.
 * @returns the group to begin with at the next call.
 */
export function fold(group: i32, groups: i32, bucketMs: f64): i32 {
  let count = 0;
  for (let place = group; place < groups; place++) {
    const to = i32At(tos, place);
    let row = i32At(next, place);
    while (row < to) {
      if (count == statesMax) {
        setI32(next, place, row);
        setI32(ends, place, count);
        return place;
      }
      // The sum keeps a start at the epoch from being -0.
      const start = Math.floor(f64At(time, row) / bucketMs) * bucketMs + 0;
      const behind = start + bucketMs;
      let end = to;
      if (f64At(time, to - 1) >= behind) end = behindBucket(row, to - 1, behind);
      const state = states + ((<usize>count * width) << 3);
      if (i32At(goesOn, place) != 0) {
        memory.copy(state, hot + ((<usize>place * width) << 3), width << 3);
        setI32(goesOn, place, 0);
      } else memory.fill(state, 0, width << 3);
      setF64(bucketStarts, count, start);
      foldRows(state, row, end);
      count++;
      row = end;
    }
    setI32(ends, place, count);
  }
  return groups;
}

/**
 * `foldFloats` of float-state.ts, with the sum and the sum of squares side by side. `pmin` and `pmax` are `<` and `>` without a
 * branch, which is guessed wrong at every new extreme.
 */
function foldRows(state: usize, from: i32, to: i32): void {
  const first = values + (<usize>from << 3);
  const end = values + (<usize>to << 3);
  const count = f64At(state, 0);
  let least = v128.load64_splat(state + 40);
  let most = v128.load64_splat(state + 48);
  if (count == 0) {
    setF64(state, 1, f64At(time, from));
    setF64(state, 2, load<f64>(first));
    least = v128.load64_splat(first);
    most = least;
  }
  let sums = f64x2(f64At(state, 7), f64At(state, 9));
  let errors = f64x2(f64At(state, 8), f64At(state, 10));
  let at = first;
  for (; at + 8 < end; at += 16) {
    const both = v128.load(at);
    const squares = f64x2.mul(both, both);
    const lost = lostOf(both, squares);
    const one = v128.shuffle<f64>(both, both, 0, 0);
    const other = v128.shuffle<f64>(both, both, 1, 1);
    least = f64x2.pmin(f64x2.pmin(least, one), other);
    most = f64x2.pmax(f64x2.pmax(most, one), other);
    let added = v128.shuffle<f64>(both, squares, 0, 2);
    let next = f64x2.add(sums, added);
    errors = f64x2.add(errors, f64x2.add(errorOf(sums, added, next), v128.shuffle<f64>(f64x2.splat(0), lost, 0, 2)));
    sums = next;
    added = v128.shuffle<f64>(both, squares, 1, 3);
    next = f64x2.add(sums, added);
    errors = f64x2.add(errors, f64x2.add(errorOf(sums, added, next), v128.shuffle<f64>(f64x2.splat(0), lost, 0, 3)));
    sums = next;
  }
  if (at < end) {
    const both = v128.load64_splat(at);
    const squares = f64x2.mul(both, both);
    const added = v128.shuffle<f64>(both, squares, 0, 2);
    const next = f64x2.add(sums, added);
    const lost = v128.shuffle<f64>(f64x2.splat(0), lostOf(both, squares), 0, 2);
    least = f64x2.pmin(least, both);
    most = f64x2.pmax(most, both);
    errors = f64x2.add(errors, f64x2.add(errorOf(sums, added, next), lost));
    sums = next;
  }
  setF64(state, 0, count + <f64>(to - from));
  setF64(state, 3, f64At(time, to - 1));
  setF64(state, 4, load<f64>(end - 8));
  setF64(state, 5, f64x2.extract_lane(least, 0));
  setF64(state, 6, f64x2.extract_lane(most, 0));
  setF64(state, 7, f64x2.extract_lane(sums, 0));
  setF64(state, 8, numberOr0(f64x2.extract_lane(errors, 0)));
  setF64(state, 9, f64x2.extract_lane(sums, 1));
  setF64(state, 10, numberOr0(f64x2.extract_lane(errors, 1)));
}

/** What the squares of two values lack (Dekker's product). A sum of values loses nothing to it: there 0 is added. */
@inline function lostOf(both: v128, squares: v128): v128 {
  const scaled = f64x2.mul(both, f64x2.splat(134217729));
  const high = f64x2.sub(scaled, f64x2.sub(scaled, both));
  const low = f64x2.sub(both, high);
  const crossed = f64x2.mul(f64x2.mul(f64x2.splat(2), high), low);
  return f64x2.sub(f64x2.mul(low, low), f64x2.sub(f64x2.sub(squares, f64x2.mul(high, high)), crossed));
}

/** What `next` lacks of `sums` and `added` (Knuth's two-sum). */
@inline function errorOf(sums: v128, added: v128, next: v128): v128 {
  const part = f64x2.sub(next, sums);
  return f64x2.add(f64x2.sub(sums, f64x2.sub(next, part)), f64x2.sub(added, part));
}

function numberOr0(error: f64): f64 {
  return isNaN(error) ? 0 : error;
}
