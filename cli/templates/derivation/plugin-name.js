// @ts-check
import { defineDerivation } from "millrace/plugin";

export const derivation = defineDerivation({
  name: "plugin-name",
  summary: "Temperatures in Fahrenheit besides those in Celsius.",
  // Asked once for each series.
  appliesTo: ({ metric, type }) => metric === "temperature" && type === "tdouble",
  /** Pure: the same data point derives the same again, whenever it is repeated. It may yield nothing, one or several. */
  *derive({ tagset }, time, value) {
    yield {
      metric: "temperature-fahrenheit",
      tagset: Object.fromEntries(tagset),
      type: "tdouble",
      time,
      value: (Number(value) * 9) / 5 + 32,
    };
  },
});
