import type { Cell, QueryResult } from "../../blocks/query/query-result.ts";
import { cellText, isTime } from "./cell-text.ts";
import type { OutputStyle } from "./format-result.ts";
import { columnsOf, padded, printable, shortened, styled } from "./terminal-text.ts";

/** A column of text is not cut below this; rather the line is longer than the terminal. */
const textMin = 12;
const gap = "  ";
const bold = 1;
const dim = 2;

/**
 * Aligned columns under a header, numbers to the right. Where a line would be longer than the terminal, the widest columns of
 * text are cut and end in "…"; numbers and times never are.
 */
export function* tableOf(
  { columns, rows }: QueryResult,
  { width, color }: OutputStyle,
): Generator<string, void, undefined> {
  const sides = columns.map((column, index) => {
    const numeric = index > 1 && rows.some((row) => isNumber(column, row[index] ?? null));
    return numeric && rows.every((row) => row[index] === null || isNumber(column, row[index] ?? null))
      ? "left"
      : "right";
  });
  const cuttable = columns.map((column, index) => {
    return sides[index] === "right" && !rows.some((row) => isTime(column, row[index] ?? null));
  });
  const widths = columns.map((column, index) => {
    let widest = columnsOf(column);
    for (const row of rows) widest = Math.max(widest, columnsOf(printable(cellText(column, row[index] ?? null))));
    return widest;
  });
  narrow(widths, cuttable, width - gap.length * (columns.length - 1));
  const lineOf = (texts: readonly string[]) => {
    const cells = texts.map((text, index) => {
      const columnWidth = widths[index] ?? 0;
      return padded(shortened(text, columnWidth), columnWidth, sides[index] ?? "right");
    });
    return cells.join(gap).trimEnd();
  };
  yield `${styled(lineOf(columns), bold, color)}\n`;
  yield `${styled(widths.map((columnWidth) => "─".repeat(columnWidth)).join(gap), dim, color)}\n`;
  for (const row of rows) {
    yield `${lineOf(row.map((cell, index) => printable(cellText(columns[index] ?? "", cell))))}\n`;
  }
}

/** Cuts the widest column that may be, until all fit or none may be cut further. */
function narrow(widths: number[], cuttable: readonly boolean[], widthMax: number): void {
  let excess = widths.reduce((sum, width) => sum + width, 0) - widthMax;
  while (excess > 0) {
    const open = widths.map((width, index) => (cuttable[index] === true && width > textMin ? width : 0));
    const widest = Math.max(...open);
    if (widest === 0) return;
    const next = Math.max(textMin, ...open.filter((width) => width < widest));
    const index = open.indexOf(widest);
    // Down to the next widest, so that long columns end equally long.
    const cut = Math.min(excess, Math.max(1, widest - next));
    widths[index] = widest - cut;
    excess -= cut;
  }
}

function isNumber(column: string, cell: Cell): boolean {
  return (typeof cell === "number" && !isTime(column, cell)) || typeof cell === "bigint";
}
