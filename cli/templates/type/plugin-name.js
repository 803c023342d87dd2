// @ts-check
import { decimal, defineType, record } from "millrace/plugin";

export const type = defineType({
  name: "plugin-name",
  summary: "A wind: where it comes from, and how fast it is.",
  schema: record({
    degrees: decimal("Where it comes from, clockwise from the north.", { min: 0, max: 360 }),
    speed: decimal("Metres per second.", { min: 0 }),
  }),
});
