// @ts-check
import { appendFileSync } from "node:fs";
import { defineSink, ObservationChunk, path, record, Sink } from "millrace/plugin";

export const sink = defineSink({
  type: "plugin-name",
  summary: "Appends data points to a file, one a line: series, time and value with tabs between.",
  accepts: ["observations"],
  settings: record({ path: path("The file.") }),
  async open({ path }) {
    // Whatever cannot be opened fails here, with one sentence.
    appendFileSync(path, "");
    return Sink.foreach((element) => {
      const { receipt } = element;
      if (!(element instanceof ObservationChunk)) return receipt.release();
      try {
        appendFileSync(path, linesOf(element));
      } catch (error) {
        // It comes again from the buffer once the graph has restarted this part of itself.
        receipt.fail(/** @type {Error} */ (error));
        throw error;
      }
      receipt.durable(element.length);
      receipt.release();
    });
  },
});

/** @param {ObservationChunk} chunk */
function linesOf({ table, series, time, values, length }) {
  let lines = "";
  for (let row = 0; row < length; row += 1) {
    const { canonical } = table.at(Number(series[row]));
    lines += `${canonical}\t${new Date(Number(time[row])).toISOString()}\t${values[row]}\n`;
  }
  return lines;
}
