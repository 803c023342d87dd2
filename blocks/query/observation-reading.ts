import { EngineError } from "../../runtime/errors.ts";
import type { DataType } from "../model/data-type.ts";
import type { Store } from "../model/store.ts";
import { timestampMax, timestampMin } from "../model/timestamp.ts";
import { cellOf } from "./cell-of.ts";
import type { QueryRequest } from "./query.ts";
import type { Row } from "./query-result.ts";
import { type Reading, readMembers } from "./reading.ts";
import type { RowBudget } from "./row-budget.ts";

/**
 * The observations as they are stored, in one column called `value`. Merged series answer in order of timestamp, and where that
 * is equal, of the series' canonical form; a tlong among tdoubles becomes the nearest tdouble.
 *
 * @throws {EngineError} `SETTING_UNKNOWN` where another value is asked for.
 */
export function observationReading(store: Store, request: QueryRequest, budget: RowBudget): Reading {
  for (const name of request.values) {
    if (name !== "value") {
      const rule = "observations have only value; add a period (every) for the others";
      throw new EngineError("SETTING_UNKNOWN", `Cannot give the value "${name}" of observations as ${rule}`);
    }
  }
  return {
    values: request.values.length === 0 ? ["value"] : request.values,
    align: undefined,
    bounds: (newest) => ({
      from: Math.max(request.from ?? timestampMin, timestampMin),
      to: Math.min(request.to ?? timestampMax + 1, newest + 1),
    }),
    async read(answers, window) {
      const rows: Row[][] = answers.map(() => []);
      let rowsRead = 0;
      await readMembers(
        answers,
        window,
        (ranges) => store.readObservations(ranges),
        ({ time, values }, series, index) => {
          const answer = answers[index];
          budget.take(time.length);
          rowsRead += time.length;
          for (let row = 0; row < time.length; row += 1) {
            const cell = cellOf(answer?.type ?? series.type, widened(values[row], series.type, answer?.type));
            rows[index]?.push([answer?.name ?? series.canonical, time[row] as number, ...cells(cell, request.values)]);
          }
        },
      );
      answers.forEach((answer, index) => {
        // Members came in canonical order, which a stable sort keeps among equals.
        if (answer.members.length > 1) rows[index]?.sort((a, b) => a[1] - b[1]);
      });
      return { rows, rowsRead };
    },
  };
}

function widened(value: unknown, from: DataType, to: DataType | undefined): unknown {
  return from === "tlong" && to === "tdouble" ? Number(value) : value;
}

function cells<T>(cell: T, values: readonly string[]): T[] {
  return values.length <= 1 ? [cell] : values.map(() => cell);
}
