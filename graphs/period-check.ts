import { bucketRules } from "../blocks/model/bucket-rules.ts";
import { periodOf } from "../blocks/model/period.ts";
import type { GraphFile } from "../config/graph-file.ts";
import { sentenceOf } from "../runtime/errors.ts";
import type { FaultReport } from "./wiring.ts";

/** Reports aggregators that the time zone of the graph has no buckets for. */
export function checkPeriods(graph: GraphFile, faults: FaultReport): void {
  const rules = bucketRules(graph.timezone, graph.bucket_label);
  for (const node of graph.nodes) {
    const { aggregators } = (node.settings ?? {}) as { readonly aggregators?: readonly string[] };
    aggregators?.forEach((label, index) => {
      try {
        periodOf(label, rules);
      } catch (thrown) {
        faults.error("SETTING_INVALID", node.settingAt(["aggregators", index]), sentenceOf(thrown));
      }
    });
  }
}
