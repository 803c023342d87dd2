// Sorts rows by series, puts those of each series in order, and folds their buckets: what plain-sort.ts, row-order.ts and
// float-state.ts do, in AssemblyScript, which `npm run kernel` compiles. Results are the same to the last bit: WebAssembly computes
// f64 as JavaScript does.
//
// Rows come in by a window. Each series has a block of some slots, of 16 bytes for time and value of a row: where that is full, its rows
// go to the columns. The blocks of all series stay in the cache, and a write that misses it is one of many rows (software write
// combining: Balkesen et al., Main-Memory Hash Joins on Multi-Core CPUs, 2013). In the columns a series has an extent; where that
// is full, the series gets one of twice the length. Rows of a window in which the same series come again and again in one order, each once, go
// to the columns at once, series by series: a line of the cache that is written then is one of many rows too.
//
// Places of slots, groups, rows and numbers are counted from the start of the blocks or of a column.

/** Numbers of a state, as in float-state.ts. */
const width: usize = 11;

let windowSeries: usize = 0;
let windowTime: usize = 0;
let windowValues: usize = 0;
let bucketSeries: usize = 0;
let bucketStarts: usize = 0;
let states: usize = 0;
let statesMax: i32 = 0;
/** Buckets of the last `fold`. */
let bucketCount: i32 = 0;
/**
 * Of each series the slot that its next row goes to; behind a full block its end; 0 where it has no row. Where all of its rows are in the
 * columns, its first slot with `emptied`.
 */
let tails: usize = 0;
let seriesRoom: u32 = 0;
/** Of a tail: the block has no rows. */
const emptied: u32 = 1 << 31;
/** Of a tail, while it is looked whether series are there once. */
const mark: u32 = 1 << 30;
/** Of a block: the row behind those that its series has in the columns, the end of the extent, its start, and the first row; all 0 where there is none. */
let heads: usize = 0;
/** Of a block: 1 where its series has a row in the columns that is not behind the one before it. */
let ragged: usize = 0;
let blocks: usize = 0;
/** A block has `1 << blockBits` slots. */
let blockBits: u32 = 0;
/** There are rows in blocks. */
let hasRows: bool = false;
/** Series that have rows; their blocks begin with 1, as 0 stands for none. */
let groupCount: i32 = 0;
/** Blocks that there is room for, the first included. */
let groupsRoom: i32 = 0;
let groupsWanted: i32 = 0;
/** Rows of one series at most. */
let longest: i32 = 0;
/** See `begin`. */
let lead: i32 = 0;
let extent: i32 = 0;
let extentsMax: i32 = 0;
/** Rows of the columns that belong to extents. */
let rowsUsed: i32 = 0;
let rowsRoom: i32 = 0;
/** Rows that the columns must have for what was asked of them last. */
let rowsWanted: i32 = 0;
/** Series before it have their rows in the columns. */
let listed: u32 = 0;
/** The series of a scan, again and again, as far as they were looked for; room for two windows. */
let scan: usize = 0;
let scanFilled: i32 = 0;
/** Series of a scan; 0 where the last window had none. */
let scanLength: i32 = 0;
/** Of the series of a scan the one that the next window is likely to begin with. */
let scanNext: i32 = 0;
let groupSeries: usize = 0;
let starts: usize = 0;
let froms: usize = 0;
let tos: usize = 0;
let late: usize = 0;
let next: usize = 0;
let goesOn: usize = 0;
let lastStarts: usize = 0;
/** In the same place: a group that gives its rows has been folded. */
let sinces: usize = 0;
let hot: usize = 0;
let time: usize = 0;
let values: usize = 0;
let lateTime: usize = 0;
let lateValues: usize = 0;
let spareTime: usize = 0;
let spareValues: usize = 0;

@inline function ofNumbers(count: i32): usize {
  return <usize>count << 3;
}

/** Columns of numbers stay aligned behind it. */
@inline function ofCounts(count: i32): usize {
  return ((<usize>count + 1) & ~1) << 2;
}

/** For a new kernel: divides what is there before any series or row. @returns its length in bytes. */
export function open(window: i32, buckets: i32): usize {
  windowTime = (__heap_base + 15) & ~15;
  windowValues = windowTime + ofNumbers(window);
  windowSeries = windowValues + ofNumbers(window);
  scan = windowSeries + ofCounts(window);
  bucketSeries = scan + (ofCounts(window) << 1);
  bucketStarts = bucketSeries + ofCounts(buckets);
  states = bucketStarts + ofNumbers(buckets);
  statesMax = buckets;
  tails = states + ofNumbers(buckets) * width;
  layOut();
  return lateTime;
}

/**
 * Begins without rows.
 *
 * @param bits A block has `1 << bits` slots. @param leadRows Rows that are kept free before those of a series, a multiple of 8.
 * @param extentRows The length of the first extent of a series with more rows than a block. @param extentsRows Once all extents come
 * to so many rows, first ones are short, and nothing is kept free.
 */
export function begin(bits: u32, leadRows: i32, extentRows: i32, extentsRows: i32): void {
  // Those of a batch that was given up.
  if (hasRows) memory.fill(tails, 0, <usize>seriesRoom << 2);
  hasRows = false;
  if (bits != blockBits) groupsRoom = 0;
  blockBits = bits;
  groupCount = 0;
  lead = leadRows;
  extent = extentRows;
  extentsMax = extentsRows;
  rowsUsed = 0;
  rowsWanted = 0;
  groupsWanted = 1;
  listed = 0;
  layOut();
}

/** Divides the memory behind the states by the room for series, groups and rows. */
function layOut(): void {
  const counts = ofCounts(groupsRoom);
  heads = tails + ofCounts(seriesRoom);
  ragged = heads + (<usize>groupsRoom << 4);
  groupSeries = ragged + counts;
  starts = groupSeries + counts;
  froms = starts + counts;
  tos = froms + counts;
  late = tos + counts;
  next = late + counts;
  goesOn = next + counts;
  lastStarts = goesOn + counts;
  sinces = lastStarts;
  hot = lastStarts + ofNumbers(groupsRoom);
  // A cache line holds whole slots.
  blocks = (hot + ofNumbers(groupsRoom) * width + 63) & ~63;
  time = blocks + (<usize>groupsRoom << (blockBits + 4));
  values = time + ofNumbers(rowsRoom);
  lateTime = values + ofNumbers(rowsRoom);
}

/** Takes more room for so many series and for what was wanted; there must be memory for it. */
export function grow(series: u32): void {
  const oldHeads = heads;
  const oldRagged = ragged;
  const oldBlocks = blocks;
  const oldTime = time;
  const oldValues = values;
  const oldSeries = seriesRoom;
  raise(series);
  // From the end, so that nothing is written over before it moved.
  move(values, oldValues, ofNumbers(rowsUsed));
  move(time, oldTime, ofNumbers(rowsUsed));
  move(blocks, oldBlocks, <usize>(groupCount + 1) << (blockBits + 4));
  move(ragged, oldRagged, <usize>(groupCount + 1) << 2);
  move(heads, oldHeads, <usize>(groupCount + 1) << 4);
  memory.fill(tails + (<usize>oldSeries << 2), 0, <usize>(seriesRoom - oldSeries) << 2);
}

@inline function move(to: usize, from: usize, bytes: usize): void {
  if (to != from) memory.copy(to, from, bytes);
}

/** The length in bytes that memory must have for `grow`. */
export function sizeFor(series: u32): usize {
  const hadSeries = seriesRoom;
  const hadGroups = groupsRoom;
  const hadRows = rowsRoom;
  raise(series);
  const size = lateTime;
  seriesRoom = hadSeries;
  groupsRoom = hadGroups;
  rowsRoom = hadRows;
  layOut();
  return size;
}

/** Raises the room as far as is wanted, that for groups and rows by a quarter or more, so that it is seldom. */
function raise(series: u32): void {
  seriesRoom = max(seriesRoom, series);
  if (groupsWanted > groupsRoom) groupsRoom = max(1024, groupsRoom + (groupsRoom >> 2));
  if (rowsWanted > rowsRoom) rowsRoom = (max(rowsWanted, rowsRoom + (rowsRoom >> 2)) + 7) & ~7;
  layOut();
}

/** Asks for room for so many more rows. @returns whether it is there. */
export function wantRows(rows: i32): bool {
  rowsWanted = rowsUsed + rows;
  return rowsWanted <= rowsRoom;
}

/** Divides the memory behind the columns for what puts late rows in order. @returns the length in bytes that it must have. */
export function layOutLate(): usize {
  lateValues = lateTime + ofNumbers(longest);
  spareTime = lateValues + ofNumbers(longest);
  spareValues = spareTime + ofNumbers(longest);
  return spareValues + ofNumbers(longest);
}

/** Where a column begins, in the order in which fold-kernel.ts names them. */
export function column(number: i32): usize {
  switch (number) {
    case 0: return windowSeries;
    case 1: return windowTime;
    case 2: return windowValues;
    case 3: return bucketStarts;
    case 4: return states;
    case 5: return groupSeries;
    case 6: return starts;
    case 7: return froms;
    case 8: return tos;
    case 9: return late;
    case 10: return next;
    case 11: return goesOn;
    case 12: return lastStarts;
    case 13: return hot;
    case 14: return time;
    case 15: return values;
    case 16: return sinces;
    default: return bucketSeries;
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

const timestampMin: f64 = -62135596800000;
const timestampMax: f64 = 253402300799999;

/** Of the rows that were moved since the window was begun: all have a whole millisecond of the years 1 to 9999 and a finite number, as `areSound` of sound-rows.ts wants. */
let allSound: bool = true;

/** Whether the rows of the window, which were moved, are all sound. */
export function wereSound(): bool {
  return allSound;
}

/** Whether the rows of the window are of the first `series` series. */
export function areOf(rows: i32, series: u32): bool {
  const end = windowSeries + (<usize>rows << 2);
  const behind = end - ((<usize>rows & 15) << 2);
  let most = i32x4.splat(0);
  let others = most;
  let at = windowSeries;
  for (; at < behind; at += 64) {
    most = i32x4.max_u(most, i32x4.max_u(v128.load(at), v128.load(at, 16)));
    others = i32x4.max_u(others, i32x4.max_u(v128.load(at, 32), v128.load(at, 48)));
  }
  most = i32x4.max_u(most, others);
  let last: u32 = 0;
  for (; at < end; at += 4) last = max(last, load<u32>(at));
  last = max(last, max(<u32>i32x4.extract_lane(most, 0), <u32>i32x4.extract_lane(most, 1)));
  last = max(last, max(<u32>i32x4.extract_lane(most, 2), <u32>i32x4.extract_lane(most, 3)));
  return last < series;
}

/**
 * Moves rows of the window, from row `from` on, to the blocks of their series.
 *
 * @returns behind the last row that it moved: there is no room for the next one where that is before `rows`.
 */
export function scatter(from: i32, rows: i32): i32 {
  if (from == 0) allSound = true;
  hasRows = true;
  const places: u32 = (1 << blockBits) - 1;
  let row = moveWhile(from, rows, places);
  while (row < rows) {
    const tail = tailOf(row);
    let slot = load<u32>(tail);
    if ((slot & places) == 0) slot = freeSlot(slot);
    if (slot == 0) break;
    const at = f64At(windowTime, row);
    const value = f64At(windowValues, row);
    // What is not finite is no number when taken from itself.
    allSound = allSound && Math.floor(at) == at && at >= timestampMin && at <= timestampMax && value - value == 0;
    store<u32>(tail, slot + 1);
    const into = blocks + (<usize>slot << 4);
    store<f64>(into, at);
    store<f64>(into, value, 8);
    row = moveWhile(row + 1, rows, places);
  }
  return row;
}

/**
 * The same while there are two more rows, and slots for them.
 *
 * A function of its own, which is not made part of the other as it is exported: where calls are made in a loop, compilers keep what it has
 * in memory instead of registers.
 */
export function moveWhile(from: i32, rows: i32, places: u32): i32 {
  const all = tails;
  const slots = blocks;
  const allSeries = windowSeries;
  const allTimes = windowTime;
  const allNumbers = windowValues;
  let whole = i64x2.splat(-1);
  let least = f64x2.splat(0);
  let most = f64x2.splat(0);
  let noNumber = f64x2.splat(0);
  let row = from;
  for (; row + 1 < rows; row += 2) {
    const times = v128.load(allTimes + (<usize>row << 3));
    const numbers = v128.load(allNumbers + (<usize>row << 3));
    whole = v128.and(whole, f64x2.eq(f64x2.floor(times), times));
    least = f64x2.pmin(least, times);
    most = f64x2.pmax(most, times);
    noNumber = f64x2.add(noNumber, f64x2.sub(numbers, numbers));
    const series = allSeries + (<usize>row << 2);
    const tail = all + (<usize>load<u32>(series) << 2);
    const slot = load<u32>(tail);
    if ((slot & places) == 0) break;
    store<u32>(tail, slot + 1);
    v128.store(slots + (<usize>slot << 4), v128.shuffle<f64>(times, numbers, 0, 2));
    const otherTail = all + (<usize>load<u32>(series, 4) << 2);
    const other = load<u32>(otherTail);
    if ((other & places) == 0) {
      row++;
      break;
    }
    store<u32>(otherTail, other + 1);
    v128.store(slots + (<usize>other << 4), v128.shuffle<f64>(times, numbers, 1, 3));
  }
  noteSound(whole, least, most, noNumber);
  return row;
}

/** @param whole Whether times are. @param noNumber The sum of what values less themselves are, which is no number where one is not finite. */
@inline function noteSound(whole: v128, least: v128, most: v128, noNumber: v128): void {
  const within = v128.and(f64x2.ge(least, f64x2.splat(timestampMin)), f64x2.le(most, f64x2.splat(timestampMax)));
  const sound = v128.and(whole, v128.and(within, f64x2.eq(noNumber, noNumber)));
  allSound = allSound && i64x2.all_true(sound);
}

/** Takes back the rows of the window before `rows`, which were moved last. */
export function takeBack(rows: i32): void {
  for (let row = rows - 1; row >= 0; row--) {
    const place = tailOf(row);
    let tail = load<u32>(place);
    const block = blockOf(tail);
    const head = headOf(block);
    if ((tail & emptied) != 0) store<u32>(head, load<u32>(head) - 1);
    else if (--tail == firstSlot(block)) tail = (block << blockBits) | emptied;
    if ((tail & emptied) != 0 && !hasColumnRows(head)) {
      // It was the first row of the series, which was the last that came.
      groupCount--;
      tail = 0;
    }
    store<u32>(place, tail);
  }
}

// A scan is a row each of some series, in an order that the next scan has too: devices are polled so, and hand in what they measured.

/**
 * How many series the scans of the window have, if it has two or more of them and nothing else; or else 0. The first may begin
 * before the window, the last may end behind it. All series must be known.
 */
export function scanOf(rows: i32): i32 {
  if (scanLength == 0 || !isNextScan(rows)) {
    scanLength = beginScan(rows);
    scanNext = 0;
  }
  if (scanLength > 0) scanNext = (scanNext + rows) % scanLength;
  return scanLength;
}

/** Whether the window goes on with the scans of the one before, and has two or more of them. */
function isNextScan(rows: i32): bool {
  if (rows < 2 * scanLength) return false;
  for (; scanFilled < scanNext + rows; scanFilled++) setI32(scan, scanFilled, i32At(scan, scanFilled - scanLength));
  return areSame(windowSeries, scan + (<usize>scanNext << 2), rows);
}

/** @returns the length of the scan that the window begins with, which is noted; 0 where it has no two of one. */
function beginScan(rows: i32): i32 {
  const first = load<u32>(windowSeries);
  const half = rows >> 1;
  let length = 1;
  while (length <= half && i32At(windowSeries, length) != first) length++;
  if (length > half || !areSame(windowSeries, windowSeries + (<usize>length << 2), rows - length)) return 0;
  if (!areDistinct(length)) return 0;
  memory.copy(scan, windowSeries, <usize>length << 2);
  scanFilled = length;
  return length;
}

/** Whether so many counts are the same. */
function areSame(one: usize, other: usize, count: i32): bool {
  const end = <usize>count << 2;
  let at: usize = 0;
  for (; at + 28 < end; at += 32) {
    const first = i32x4.eq(v128.load(one + at), v128.load(other + at));
    if (!i32x4.all_true(v128.and(first, i32x4.eq(v128.load(one + at, 16), v128.load(other + at, 16))))) return false;
  }
  for (; at < end; at += 4) if (load<u32>(one + at) != load<u32>(other + at)) return false;
  return true;
}

/** Whether each of the first series of the window is there once. */
function areDistinct(series: i32): bool {
  let marked = 0;
  for (; marked < series; marked++) {
    const tail = tailOf(marked);
    if ((load<u32>(tail) & mark) != 0) break;
    store<u32>(tail, load<u32>(tail) | mark);
  }
  for (let row = 0; row < marked; row++) store<u32>(tailOf(row), load<u32>(tailOf(row)) & ~mark);
  return marked == series;
}

/** Where the tail is of the series of a row of the window. */
@inline function tailOf(row: i32): usize {
  return tails + (<usize>load<u32>(windowSeries + (<usize>row << 2)) << 2);
}

/**
 * Moves the rows of the window, which has scans, to the columns of their series, those of the `place`th series of a scan first.
 *
 * @returns behind the last series whose rows it moved: there is no room for those of the next one where that is before `scanLength`.
 */
export function scatterScans(place: i32, rows: i32): i32 {
  if (place == 0) allSound = true;
  hasRows = true;
  let series = moveScansWhile(place, rows);
  while (series < scanLength && hasRoom(series, rows)) series = moveScansWhile(series, rows);
  return series;
}

/** How many rows of the window are of the `place`th series of a scan. */
@inline function rowsOfScan(place: i32, rows: i32): i32 {
  return (rows - place - 1) / scanLength + 1;
}

/** Brings what is in the block of a series to the columns, and makes room there for its rows of the window. @returns whether there is. */
function hasRoom(place: i32, rows: i32): bool {
  const tail = load<u32>(tailOf(place));
  const block = tail == 0 ? newBlock() : blockOf(tail);
  if (block == 0) return false;
  if (tail != 0 && (tail & emptied) == 0 && !empty(block, tail, false)) return false;
  store<u32>(tailOf(place), (block << blockBits) | emptied);
  const head = headOf(block);
  const count = rowsOfScan(place, rows);
  return <i32>load<u32>(head) + count <= <i32>load<u32>(head, 4) || extend(head, count, false);
}

/** The same while the series have nothing in their blocks, and there is room. A function of its own, as `moveWhile`. */
export function moveScansWhile(from: i32, rows: i32): i32 {
  const length = scanLength;
  const stride = <usize>length << 3;
  const fromTimes = windowValues - windowTime;
  const across = values - time;
  const end = windowTime + (<usize>rows << 3);
  let whole = i64x2.splat(-1);
  let least = f64x2.splat(0);
  let most = f64x2.splat(0);
  let noNumber = f64x2.splat(0);
  let place = from;
  for (; place < length; place++) {
    const tail = load<u32>(tailOf(place));
    if ((tail & emptied) == 0) break;
    const block = blockOf(tail);
    const head = headOf(block);
    const row = load<u32>(head);
    const count = rowsOfScan(place, rows);
    if (<i32>row + count > <i32>load<u32>(head, 4)) break;
    let into = time + (<usize>row << 3);
    let newest = f64x2.splat(row == load<u32>(head, 12) ? -Infinity : load<f64>(into - 8));
    let behind = i64x2.splat(-1);
    let at = windowTime + (<usize>place << 3);
    for (; at + stride < end; at += stride << 1) {
      const times = v128.load64_lane(at + stride, v128.load64_splat(at), 1);
      const numbers = v128.load64_lane(at + stride + fromTimes, v128.load64_splat(at + fromTimes), 1);
      v128.store(into, times);
      v128.store(into + across, numbers);
      into += 16;
      whole = v128.and(whole, f64x2.eq(f64x2.floor(times), times));
      least = f64x2.pmin(least, times);
      most = f64x2.pmax(most, times);
      noNumber = f64x2.add(noNumber, f64x2.sub(numbers, numbers));
      behind = v128.and(behind, areBehind(times, newest));
      newest = times;
    }
    if (at < end) {
      const times = v128.load64_splat(at);
      const numbers = v128.load64_splat(at + fromTimes);
      v128.store64_lane(into, times, 0);
      v128.store64_lane(into + across, numbers, 0);
      whole = v128.and(whole, f64x2.eq(f64x2.floor(times), times));
      least = f64x2.pmin(least, times);
      most = f64x2.pmax(most, times);
      noNumber = f64x2.add(noNumber, f64x2.sub(numbers, numbers));
      behind = v128.and(behind, f64x2.gt(times, v128.shuffle<f64>(newest, newest, 1, 1)));
    }
    store<u32>(head, row + count);
    if (!i64x2.all_true(behind)) setI32(ragged, block, 1);
  }
  noteSound(whole, least, most, noNumber);
  return place;
}

@inline function headOf(block: u32): usize {
  return heads + (<usize>block << 4);
}

/** Whether the series of a block has rows in the columns. */
@inline function hasColumnRows(head: usize): bool {
  return load<u32>(head) != load<u32>(head, 12);
}

/**
 * The slot that the rows in a block begin with. Where none of its series are in the columns that differs from block to block: else what is
 * written at about the same time, in lines of the cache that are 512 bytes apart, would have to share few of its sets.
 */
@inline function firstSlot(block: u32): u32 {
  const slot = block << blockBits;
  return blockBits < 5 || hasColumnRows(headOf(block)) ? slot : slot + (((block ^ (block >> 3)) & 7) << 2);
}

/** The block of a series that has one. */
@inline function blockOf(tail: u32): u32 {
  return ((tail & emptied) != 0 ? tail ^ emptied : tail - 1) >> blockBits;
}

/** @param tail Of a series without a block, with a full or with an empty one. @returns a slot for its next row; 0 where there is no room. */
function freeSlot(tail: u32): u32 {
  if (tail == 0) {
    const block = newBlock();
    return block == 0 ? 0 : firstSlot(block);
  }
  if ((tail & emptied) != 0) return tail ^ emptied;
  const slot = tail - (1 << blockBits);
  return empty(slot >> blockBits, tail, false) ? slot : 0;
}

/** @returns 0 where there is no room. */
function newBlock(): u32 {
  groupsWanted = groupCount + 2;
  if (groupsWanted > groupsRoom) return 0;
  const block = ++groupCount;
  const head = headOf(block);
  store<u64>(head, 0);
  store<u64>(head, 0, 8);
  setI32(ragged, block, 0);
  return block;
}

/**
 * Brings the rows of a block into the columns.
 *
 * @param end The slot behind them. @param last No others come behind them.
 * @returns whether there was room.
 */
function empty(block: u32, end: u32, last: bool): bool {
  const head = headOf(block);
  const slot = firstSlot(block);
  const count = <i32>(end - slot);
  if (<i32>load<u32>(head) + count > <i32>load<u32>(head, 4) && !extend(head, count, last)) return false;
  const row = load<u32>(head);
  const before = row > load<u32>(head, 12) ? f64At(time, row - 1) : -Infinity;
  if (!part(slot, count, row, before)) setI32(ragged, block, 1);
  store<u32>(head, row + count);
  return true;
}

/** Gives a series an extent with room for `count` rows more, to which its rows move. @returns whether there was room. */
function extend(head: usize, count: i32, last: bool): bool {
  const limit = <i32>load<u32>(head, 4);
  const begin = <i32>load<u32>(head, 8);
  const first = <i32>load<u32>(head, 12);
  const held = <i32>load<u32>(head) - first;
  // The rows of the next full block begin with a line of the cache.
  const free = (rowsUsed < extentsMax ? lead : 0) + (last ? 0 : -(held + count) & 7);
  let length = free + held + count;
  if (!last) {
    if (limit > 0) length = max(length, 2 * (limit - begin));
    else if (rowsUsed + extent <= extentsMax) length = max(length, extent);
    else length = max(length, free + (4 << blockBits));
    length = (length + 7) & ~7;
  }
  if (!wantRows(length)) return false;
  copyRows(rowsUsed + free, first, held);
  store<u32>(head, rowsUsed + free + held);
  store<u32>(head, rowsUsed + length, 4);
  store<u32>(head, rowsUsed, 8);
  store<u32>(head, rowsUsed + free, 12);
  rowsUsed += length;
  return true;
}

/** Copies `count` rows of the columns. */
@inline function copyRows(to: i32, from: i32, count: i32): void {
  if (count == 0) return;
  memory.copy(time + (<usize>to << 3), time + (<usize>from << 3), ofNumbers(count));
  memory.copy(values + (<usize>to << 3), values + (<usize>from << 3), ofNumbers(count));
}

/** How many series have rows. */
export function groups(): i32 {
  return groupCount;
}

/** Brings what is left in blocks into the columns. @returns whether there was room; it goes on where it has stopped. */
export function emptyAll(): bool {
  const series = seriesRoom;
  for (; listed < series; listed++) {
    const tail = load<u32>(tails + (<usize>listed << 2));
    if (tail == 0 || (tail & emptied) != 0) continue;
    if (!empty(blockOf(tail), tail, true)) return false;
  }
  return true;
}

/**
 * Writes to the columns of groups which series have rows, ascending, and which rows: `froms` to `tos`, and `starts` where others may
 * be put before them; in `late` which are not in order. Forgets which series had rows.
 */
export function list(): void {
  let group = 0;
  longest = 0;
  for (let series = 0; group < groupCount; series++) {
    const place = tails + (<usize>series << 2);
    const tail = load<u32>(place);
    if (tail == 0) continue;
    store<u32>(place, 0);
    const block = blockOf(tail);
    const head = headOf(block);
    const from = load<u32>(head, 12);
    const to = load<u32>(head);
    setI32(groupSeries, group, series);
    setI32(starts, group, load<u32>(head, 8));
    setI32(froms, group, from);
    setI32(tos, group, to);
    setI32(late, group, i32At(ragged, block));
    longest = max(longest, <i32>(to - from));
    group++;
  }
  hasRows = false;
}

/** Moves the rows of a group to where `before` others have room before them: rows that were asked for. */
export function moveBehind(group: i32, before: i32): void {
  const from = i32At(froms, group);
  const count = i32At(tos, group) - from;
  const begin = rowsUsed + before;
  copyRows(begin, from, count);
  setI32(starts, group, rowsUsed);
  setI32(froms, group, begin);
  setI32(tos, group, begin + count);
  rowsUsed = begin + count;
}

/** Rows that the columns have room for. */
export function columnLength(): i32 {
  return rowsRoom;
}

/** Brings two rows of a block into the columns. @returns their times. */
@inline function twoOf(at: usize, into: usize, across: usize): v128 {
  const pair = v128.load(at);
  const other = v128.load(at, 16);
  const times = v128.shuffle<f64>(pair, other, 0, 2);
  v128.store(into, times);
  v128.store(into + across, v128.shuffle<f64>(pair, other, 1, 3));
  return times;
}

/** Whether each of two times is behind the one before it; of those before only the second counts. */
@inline function areBehind(times: v128, before: v128): v128 {
  return f64x2.gt(times, v128.shuffle<f64>(before, times, 1, 2));
}

/** Brings `count` rows of a block into the columns, from row `row` on. @returns whether each is behind the one before it. */
@inline function part(slot: u32, count: i32, row: i32, before: f64): bool {
  let at = blocks + (<usize>slot << 4);
  let into = time + (<usize>row << 3);
  const across = values - time;
  let left = count;
  let newest = f64x2.splat(before);
  let behind = i64x2.splat(-1);
  for (; left > 7; left -= 8) {
    const first = twoOf(at, into, across);
    const second = twoOf(at + 32, into + 16, across);
    const third = twoOf(at + 64, into + 32, across);
    const last = twoOf(at + 96, into + 48, across);
    behind = v128.and(behind, v128.and(areBehind(first, newest), areBehind(second, first)));
    behind = v128.and(behind, v128.and(areBehind(third, second), areBehind(last, third)));
    newest = last;
    at += 128;
    into += 64;
  }
  for (; left > 1; left -= 2) {
    const times = twoOf(at, into, across);
    behind = v128.and(behind, areBehind(times, newest));
    newest = times;
    at += 32;
    into += 16;
  }
  if (left > 0) {
    const last = load<f64>(at);
    store<f64>(into, last);
    store<f64>(into + across, load<f64>(at, 8));
    if (!(last > f64x2.extract_lane(newest, 1))) return false;
  }
  return i64x2.all_true(behind);
}

/** Copies to each group of `group` to `groups` the points that come before its rows: from the window, where they are one group behind the other. */
export function takeKnown(group: i32, groups: i32): void {
  let from: usize = 0;
  for (let place = group; place < groups; place++) {
    const start = i32At(starts, place);
    const bytes = ofNumbers(i32At(froms, place) - start);
    copyNumbers(time + ofNumbers(start), windowTime + from, bytes);
    copyNumbers(values + ofNumbers(start), windowValues + from, bytes);
    from += bytes;
  }
}

/**
 * Copies the rows of groups, which are in order, from the timestamp in `sinces` on to the window, one group behind the other, and says in
 * `next` how many: none where a group has more than `most`.
 *
 * @returns the group to go on with, where the window has no room for more.
 */
export function giveNewest(group: i32, groups: i32, most: i32, room: i32): i32 {
  let into = 0;
  for (let place = group; place < groups; place++) {
    const since = f64At(sinces, place);
    const to = i32At(tos, place);
    let count = 0;
    if (since < Infinity) {
      count = to - lowerBound(time, since, i32At(starts, place), to);
      if (count > most) count = 0;
    }
    if (into + count > room) return place;
    setI32(next, place, count);
    const bytes = ofNumbers(count);
    copyNumbers(windowTime + ofNumbers(into), time + ofNumbers(to - count), bytes);
    copyNumbers(windowValues + ofNumbers(into), values + ofNumbers(to - count), bytes);
    into += count;
  }
  return groups;
}

/** Copies numbers, of which there are few: `memory.copy` is a call out of the kernel. */
@inline function copyNumbers(to: usize, from: usize, bytes: usize): void {
  let at: usize = 0;
  for (; at + 8 < bytes; at += 16) v128.store(to + at, v128.load(from + at));
  if (at < bytes) store<f64>(to + at, load<f64>(from + at));
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

/** Puts the rows of groups in order; of equal timestamps the row that came last stands. */
export function order(first: i32, last: i32): void {
  for (let group = first; group < last; group++) {
    const start = i32At(starts, group);
    const from = i32At(froms, group);
    const to = i32At(tos, group);
    const known = from > start;
    const isLate = i32At(late, group) != 0 || (known && f64At(time, from) <= f64At(time, from - 1));
    setI32(late, group, <i32>isLate);
    if (isLate) orderGroup(group, start, from, to, known ? f64At(time, from - 1) : -Infinity);
  }
}

/** A row that is late by fewer rows of its series is inserted at once; others are gathered, sorted and merged. */
const nearRows: usize = 128;

/** @param known Timestamp of the newest row before `from`. */
function orderGroup(group: i32, start: i32, from: i32, to: i32, known: f64): void {
  const begin = time + (<usize>start << 3);
  const end = time + (<usize>to << 3);
  // From a time to its value.
  const across = values - time;
  let newest = known;
  let oldest = f64At(time, from);
  let count = 0;
  let row = time + (<usize>from << 3);
  let behind = row;
  while (true) {
    let at: f64 = 0;
    let value: f64 = 0;
    for (; row < end; row += 8) {
      at = load<f64>(row);
      value = load<f64>(row + across);
      if (!(at > newest)) break;
      newest = at;
      store<f64>(behind, at);
      store<f64>(behind + across, value);
      behind += 8;
    }
    if (row == end) break;
    row += 8;
    const many = behind >= begin + (nearRows << 3);
    if (many && load<f64>(behind - (nearRows << 3)) > at) {
      setF64(lateTime, count, at);
      setF64(lateValues, count, value);
      count++;
      continue;
    }
    oldest = min(oldest, at);
    const place = many ? placeAmongNear(at, behind) : placeAmong(at, begin, behind);
    if (load<f64>(place) != at) {
      makeRoom(place, behind, across);
      behind += 8;
    }
    store<f64>(place, at);
    store<f64>(place + across, value);
  }
  let last = <i32>((behind - time) >> 3);
  if (count > 0) {
    sortLate(count);
    count = lastOfEach(count);
    oldest = min(oldest, f64At(lateTime, 0));
    last = mergeLateRows(count, start, last);
  }
  setI32(tos, group, last);
  setI32(froms, group, lowerBound(time, oldest, start, last));
}

// Both look for the first row whose time is not below `at`, as that of the last is not, without a branch: it would be guessed wrong half
// of the time.

/** Among the rows of `from` to `to`: at least one. */
@inline function placeAmong(at: f64, from: usize, to: usize): usize {
  let low = from;
  let rows: usize = (to - from) >> 3;
  while (rows > 1) {
    const half = rows >> 1;
    low += (half << 3) & (0 - <usize>(at > load<f64>(low + (half << 3) - 8)));
    rows -= half;
  }
  return low;
}

/** Among the last `nearRows` before `end`: of every eighth first, and then of eight. */
@inline function placeAmongNear(at: f64, end: usize): usize {
  const first = end - (nearRows << 3);
  const ats = f64x2.splat(at);
  // Each lane counts down.
  let below = i64x2.splat(0);
  for (let row = first; row < end; row += 256) {
    const some = v128.load64_lane(row + 64, v128.load64_splat(row), 1);
    const others = v128.load64_lane(row + 192, v128.load64_splat(row + 128), 1);
    below = i64x2.add(below, i64x2.add(f64x2.lt(some, ats), f64x2.lt(others, ats)));
  }
  const eight = first + (<usize>max(0, -1 - sumOf(below)) << 6);
  const some = i64x2.add(f64x2.lt(v128.load(eight), ats), f64x2.lt(v128.load(eight, 16), ats));
  const others = i64x2.add(f64x2.lt(v128.load(eight, 32), ats), f64x2.lt(v128.load(eight, 48), ats));
  return eight - (<usize>sumOf(i64x2.add(some, others)) << 3);
}

@inline function sumOf(lanes: v128): i32 {
  return <i32>(i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1));
}

/** Moves the rows from `from` to `to` one further. */
@inline function makeRoom(from: usize, to: usize, across: usize): void {
  let end = to;
  for (; end >= from + 16; end -= 16) {
    v128.store(end - 8, v128.load(end - 16));
    v128.store(end + across - 8, v128.load(end + across - 16));
  }
  if (end > from) {
    store<f64>(end, load<f64>(end - 8));
    store<f64>(end + across, load<f64>(end + across - 8));
  }
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

/**
 * The first row from `row` to `last` that is not before `behind`, as `last` is not: where it is if times are regular, or else looked for.
 *
 * @param before Rows of the bucket before; 0 where there is none.
 */
function behindBucket(row: i32, last: i32, behind: f64, before: i32): i32 {
  if (before > 0 && row + before <= last && isBehind(row + before, behind)) return row + before;
  const at = f64At(time, row);
  const part = (behind - at) / (f64At(time, last) - at);
  const end = row + <i32>Math.ceil(part * <f64>(last - row));
  return isBehind(end, behind) ? end : lowerBound(time, behind, row + 1, last);
}

@inline function isBehind(row: i32, behind: f64): bool {
  return f64At(time, row - 1) < behind && f64At(time, row) >= behind;
}

/**
 * Folds the buckets of groups from row `next` of each on, until the groups or the room for states end.
 *
 * Where `goesOn` is 1 the first bucket begins with the state in `hot`. Of a group that has ended `hot` has the state of its last bucket, and
 * `lastStarts` when that starts.
 *
 * @param group The group to begin with. @param bucketMs Length of a bucket.
 * @returns the group to begin with at the next call.
 */
export function fold(group: i32, groups: i32, bucketMs: f64): i32 {
  bucketCount = 0;
  for (let place = group; place < groups; place++) {
    const series = i32At(groupSeries, place);
    const ofGroup = hot + ((<usize>place * width) << 3);
    const to = i32At(tos, place);
    let row = i32At(next, place);
    let before = 0;
    let behind = -Infinity;
    let state: usize = 0;
    while (row < to) {
      const bucket = bucketCount;
      if (bucket == statesMax) {
        setI32(next, place, row);
        return place;
      }
      const at = f64At(time, row);
      // A division takes longer than the rest; the sum keeps a start at the epoch from being -0.
      const start = at < behind + bucketMs ? behind : Math.floor(at / bucketMs) * bucketMs + 0;
      behind = start + bucketMs;
      let end = to;
      if (f64At(time, to - 1) >= behind) end = behindBucket(row, to - 1, behind, before);
      const known = i32At(goesOn, place) != 0 ? ofGroup : 0;
      setI32(goesOn, place, 0);
      setI32(bucketSeries, bucket, series);
      setF64(bucketStarts, bucket, start);
      state = states + ((<usize>bucket * width) << 3);
      foldRows(state, known, row, end);
      bucketCount = bucket + 1;
      before = end - row;
      row = end;
    }
    copyNumbers(ofGroup, state, width << 3);
    setF64(lastStarts, place, behind - bucketMs);
  }
  return groups;
}

/** Buckets of the last `fold`. */
export function buckets(): i32 {
  return bucketCount;
}

/**
 * `foldFloats` of float-state.ts, with the sum and the sum of squares side by side. What an addition loses is found in two steps
 * instead of five where the sum is known to be no smaller than what is added (Dekker's fast two-sum): both are exact then, and so the
 * same. `pmin` and `pmax` are `<` and `>` without a branch, which is guessed wrong at every new extreme.
 */
function foldRows(state: usize, known: usize, from: i32, to: i32): void {
  const first = values + (<usize>from << 3);
  const end = values + (<usize>to << 3);
  let count: f64 = 0;
  let firstTime = f64At(time, from);
  let firstValue = load<f64>(first);
  let leastBefore = f64x2.splat(firstValue);
  let mostBefore = leastBefore;
  let sums = f64x2.splat(0);
  let errors = sums;
  if (known != 0) {
    count = load<f64>(known);
    firstTime = load<f64>(known, 8);
    firstValue = load<f64>(known, 16);
    leastBefore = v128.load64_splat(known, 40);
    mostBefore = v128.load64_splat(known, 48);
    const sumAndError = v128.load(known, 56);
    const squaresAndError = v128.load(known, 72);
    sums = v128.shuffle<f64>(sumAndError, squaresAndError, 0, 2);
    errors = v128.shuffle<f64>(sumAndError, squaresAndError, 1, 3);
  }
  const leastAndMost = extremes(leastBefore, mostBefore, first, end);
  const least = f64x2.extract_lane(leastAndMost, 0);
  const most = f64x2.extract_lane(leastAndMost, 1);
  const biggest = -least > most ? -least : most;
  // No sum that grows so overflows within as many rows as memory holds.
  const grows = (least >= 0 || most <= 0) && biggest <= 1e150;
  const enough = f64x2(grows ? biggest : Infinity, biggest * biggest);
  let at = first;
  for (; at + 8 < end && !i64x2.all_true(f64x2.ge(f64x2.abs(sums), enough)); at += 16) {
    const both = v128.load(at);
    const squares = f64x2.mul(both, both);
    const lost = lostOf(both, squares);
    const added = v128.shuffle<f64>(both, squares, 0, 2);
    const next = f64x2.add(sums, added);
    errors = f64x2.add(errors, f64x2.add(errorOf(sums, added, next), v128.shuffle<f64>(f64x2.splat(0), lost, 0, 2)));
    const other = v128.shuffle<f64>(both, squares, 1, 3);
    sums = f64x2.add(next, other);
    errors = f64x2.add(errors, f64x2.add(errorOf(next, other, sums), v128.shuffle<f64>(f64x2.splat(0), lost, 0, 3)));
  }
  for (; at + 8 < end; at += 16) {
    const both = v128.load(at);
    const squares = f64x2.mul(both, both);
    const lost = lostOf(both, squares);
    const added = v128.shuffle<f64>(both, squares, 0, 2);
    const next = f64x2.add(sums, added);
    const error = f64x2.sub(added, f64x2.sub(next, sums));
    errors = f64x2.add(errors, f64x2.add(error, v128.shuffle<f64>(f64x2.splat(0), lost, 0, 2)));
    const other = v128.shuffle<f64>(both, squares, 1, 3);
    sums = f64x2.add(next, other);
    const otherError = f64x2.sub(other, f64x2.sub(sums, next));
    errors = f64x2.add(errors, f64x2.add(otherError, v128.shuffle<f64>(f64x2.splat(0), lost, 0, 3)));
  }
  if (at < end) {
    const both = v128.load64_splat(at);
    const squares = f64x2.mul(both, both);
    const added = v128.shuffle<f64>(both, squares, 0, 2);
    const next = f64x2.add(sums, added);
    const lost = v128.shuffle<f64>(f64x2.splat(0), lostOf(both, squares), 0, 2);
    errors = f64x2.add(errors, f64x2.add(errorOf(sums, added, next), lost));
    sums = next;
  }
  // 0 for what is no number.
  errors = v128.and(errors, f64x2.eq(errors, errors));
  store<f64>(state, count + <f64>(to - from));
  store<f64>(state, firstTime, 8);
  store<f64>(state, firstValue, 16);
  store<f64>(state, f64At(time, to - 1), 24);
  store<f64>(state, load<f64>(end - 8), 32);
  v128.store(state, leastAndMost, 40);
  v128.store(state, v128.shuffle<f64>(sums, errors, 0, 2), 56);
  v128.store(state, v128.shuffle<f64>(sums, errors, 1, 3), 72);
}

/** @returns the least and the most of the values from `first` to `end`, and of those before. The sum makes 0 of -0. */
@inline function extremes(leastBefore: v128, mostBefore: v128, first: usize, end: usize): v128 {
  let least = leastBefore;
  let most = mostBefore;
  let otherLeast = least;
  let otherMost = most;
  let at = first;
  for (; at + 24 < end; at += 32) {
    const two = v128.load(at);
    const others = v128.load(at, 16);
    least = f64x2.pmin(least, two);
    most = f64x2.pmax(most, two);
    otherLeast = f64x2.pmin(otherLeast, others);
    otherMost = f64x2.pmax(otherMost, others);
  }
  least = f64x2.pmin(least, otherLeast);
  most = f64x2.pmax(most, otherMost);
  for (; at + 8 < end; at += 16) {
    const two = v128.load(at);
    least = f64x2.pmin(least, two);
    most = f64x2.pmax(most, two);
  }
  if (at < end) {
    const last = v128.load64_splat(at);
    least = f64x2.pmin(least, last);
    most = f64x2.pmax(most, last);
  }
  least = f64x2.pmin(least, v128.shuffle<f64>(least, least, 1, 0));
  most = f64x2.pmax(most, v128.shuffle<f64>(most, most, 1, 0));
  return f64x2.add(v128.shuffle<f64>(least, most, 0, 2), f64x2.splat(0));
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
