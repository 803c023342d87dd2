import type { Cell, QueryResult } from "../../blocks/query/query-result.ts";
import { type Axis, timeTicks, valueAxis } from "./axis-ticks.ts";
import { BrailleCanvas } from "./braille-canvas.ts";
import type { OutputStyle } from "./format-result.ts";
import { padded, printable, shortened, styled } from "./terminal-text.ts";

/** Series that a reader can tell apart; the others are counted below the chart. */
const seriesMax = 6;
const heightRows = 16;
const widthMin = 40;
/** Wider ones would not fit a screen; also stands for a terminal of unknown width. */
const widthMax = 400;
/** Cyan, yellow, magenta, green, blue, red. */
const colors = [36, 33, 35, 32, 34, 31] as const;
/** Tell series apart where colour is not allowed; the first keeps its braille dots. */
const marks = ["⣿", "o", "x", "+", "*", "#"] as const;
const dim = 2;

interface Line {
  readonly name: string;
  /** Both alike in length, ascending in time. */
  readonly time: number[];
  readonly values: number[];
}

/**
 * The numbers of the first value column against time, neighbours joined, at most `seriesMax` series. Booleans are 0 and 1;
 * what is no finite number is left out.
 */
export function* chartOf(
  { columns, rows }: QueryResult,
  { width, color }: OutputStyle,
): Generator<string, void, undefined> {
  const lines = linesOf(rows);
  const shown = lines.slice(0, seriesMax);
  if (shown.length === 0) {
    yield `There is no number to draw in ${printable(columns[2] ?? "the answer")}.\n`;
    return;
  }
  const axis = valueAxis(lowest(shown, "values"), -lowest(shown, "values", -1), 5);
  const labelColumns = Math.max(...axis.ticks.map(({ label }) => label.length));
  const columnsMax = Math.min(widthMax, Math.max(widthMin, Number.isFinite(width) ? Math.floor(width) : 100));
  const canvas = new BrailleCanvas(columnsMax - labelColumns - 2, heightRows);
  const from = lowest(shown, "time");
  const to = Math.max(from + 1, -lowest(shown, "time", -1));
  draw(canvas, shown, axis, from, to);
  const labels = labelsByRow(axis);
  for (let row = 0; row < heightRows; row += 1) {
    const label = labels.get(row);
    const margin = `${(label ?? "").padStart(labelColumns)} ${label === undefined ? "│" : "┤"}`;
    yield `${styled(margin, dim, color)}${rowText(canvas, row, shown.length, color)}`.trimEnd().concat("\n");
  }
  const { line, times } = timeAxis(from, to, canvas.columns);
  const indent = " ".repeat(labelColumns + 1);
  yield `${styled(`${indent}└${line}`, dim, color)}\n`;
  yield `${styled(`${indent} ${times}`.trimEnd(), dim, color)}\n`;
  for (const [index, { name }] of shown.entries()) {
    yield `${indent} ${swatch(index, shown.length, color)} ${shortened(printable(name), canvas.columns - 2)}\n`;
  }
  const hidden = lines.length - shown.length;
  if (hidden > 0) yield `${indent} and ${hidden} more series\n`;
}

/** By series, in order of first sight, without those that have no number. */
function linesOf(rows: QueryResult["rows"]): Line[] {
  const lines = new Map<string, Line>();
  for (const [name, time, cell] of rows) {
    const value = numberOf(cell);
    if (value === undefined) continue;
    const line = lines.get(name) ?? { name, time: [], values: [] };
    lines.set(name, line);
    line.time.push(time);
    line.values.push(value);
  }
  return [...lines.values()];
}

function numberOf(cell: Cell | undefined): number | undefined {
  const number =
    typeof cell === "number" || typeof cell === "bigint" || typeof cell === "boolean" ? Number(cell) : Number.NaN;
  return Number.isFinite(number) ? number : undefined;
}

/** The least of all lines; with `sign` -1 the least of the negated ones, so that its negation is the greatest. */
function lowest(lines: readonly Line[], column: "time" | "values", sign: 1 | -1 = 1): number {
  let low = Number.POSITIVE_INFINITY;
  for (const line of lines) for (const value of line[column]) low = Math.min(low, sign * value);
  return low;
}

function draw(canvas: BrailleCanvas, lines: readonly Line[], axis: Axis, from: number, to: number): void {
  // Halves first: a span of the largest doubles would overflow.
  const yOf = (value: number) => {
    const share = (axis.high / 2 - value / 2) / (axis.high / 2 - axis.low / 2);
    return Math.round(share * (canvas.height - 1));
  };
  const xOf = (time: number) => Math.round(((time - from) / (to - from)) * (canvas.width - 1));
  lines.forEach(({ time, values }, owner) => {
    let lastX = Number.NaN;
    let lastY = Number.NaN;
    time.forEach((at, row) => {
      const x = xOf(at);
      const y = yOf(values[row] ?? 0);
      canvas.line(Number.isNaN(lastX) ? x : lastX, Number.isNaN(lastY) ? y : lastY, x, y, owner);
      lastX = x;
      lastY = y;
    });
  });
}

/** Neighbours of one colour share its escape. */
function rowText(canvas: BrailleCanvas, row: number, series: number, color: boolean): string {
  let text = "";
  let run = "";
  let runOwner = -1;
  for (let column = 0; column <= canvas.columns; column += 1) {
    const cell = column < canvas.columns ? canvas.cell(column, row) : undefined;
    const owner = cell?.owner ?? -1;
    if (owner !== runOwner || column === canvas.columns) {
      text += runOwner === -1 ? run : styled(run, colors[runOwner] ?? 0, color);
      run = "";
      runOwner = owner;
    }
    run += cell === undefined ? " " : color || owner === 0 || series === 1 ? cell.glyph : (marks[owner] ?? "");
  }
  return text.trimEnd();
}

function swatch(index: number, series: number, color: boolean): string {
  return color || series === 1 ? styled("⣿", colors[index] ?? 0, color) : (marks[index] ?? "");
}

/** The rows that a tick falls on; of two in one row the upper one stands. */
function labelsByRow({ low, high, ticks }: Axis): Map<number, string> {
  const labels = new Map<number, string>();
  for (const { value, label } of ticks) {
    const share = (high / 2 - value / 2) / (high / 2 - low / 2);
    labels.set(Math.min(heightRows - 1, Math.floor(share * heightRows)), label);
  }
  return labels;
}

/** The line below the drawing, with its ticks, and their labels; one that would touch the one before is left out. */
function timeAxis(from: number, to: number, columns: number): { line: string; times: string } {
  const line = new Array<string>(columns).fill("─");
  let times = "";
  for (const { time, label } of timeTicks(from, to, Math.max(2, Math.floor(columns / 14)))) {
    const column = Math.round(((time - from) / (to - from)) * (columns - 1));
    const start = Math.max(0, Math.min(columns - label.length, column - (label.length >> 1)));
    if (times !== "" && start < times.length + 2) continue;
    line[column] = "┬";
    times = padded(times, start, "right") + label;
  }
  return { line: line.join(""), times };
}
