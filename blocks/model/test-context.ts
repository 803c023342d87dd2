import type { Clock } from "../../runtime/clock/clock.ts";
import { virtualClock } from "../../runtime/clock/virtual-clock.ts";
import { silentLog } from "../../runtime/log.ts";
import type { SourceContext } from "./component.ts";
import { SeriesTable } from "./series.ts";

/** What a source, a sink or a store is opened with in a test: a table of its own, no log, and a clock that the test turns. */
export function testContext(clock: Clock = virtualClock()): SourceContext {
  return { graph: "test", node: "it", clock, log: silentLog, table: new SeriesTable(), lasting: (make) => make() };
}
