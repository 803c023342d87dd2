import { record } from "../config/declare.ts";
import { type CompositeWire, defineComposite } from "./model/component.ts";
import { recordingSettings } from "./rollup/recording-settings.ts";
import { deriveSetting, sharderSetting, tagCacheDefault } from "./rollup/settings.ts";

const settings = record({ ...recordingSettings, derive: deriveSetting(), sharder: sharderSetting() });

/**
 * The four blocks of TSorage's processor, wired as in its documentation but without its loops: the message block feeds the
 * aggregation and the tag block, and so does the observation block for what it derives.
 */
export const processorBlock = defineComposite({
  type: "processor",
  summary: "Stores observations, rolls them up through every period and keeps the tag index: four blocks in one.",
  accepts: ["observations"],
  outlets: { observations: "observations", aggregations: "aggregations", rejected: "dead-letters" },
  bounds: false,
  settings,
  expand(given, outlets) {
    const { store, aggregators, derivators, derive, sharder, grouper, hot_series } = given;
    const recording = { store, aggregators, derivators, grouper, hot_series };
    const derives = derive.length > 0;
    const publishes = outlets.has("observations");
    const rollsUp = aggregators.length > 0;
    const recorders = ["message", ...(derives ? ["observation"] : [])];
    const wires: CompositeWire[] = [{ from: "in", to: "message" }];
    if (derives || publishes) wires.push({ from: "message.observations", to: "observation" });
    for (const recorder of recorders) {
      if (rollsUp) wires.push({ from: `${recorder}.updates`, to: "aggregation" });
      wires.push({ from: `${recorder}.tags`, to: "tag" });
    }
    return {
      nodes: {
        message: { type: "message", settings: recording },
        ...((derives || publishes) && { observation: { type: "observation", settings: { ...recording, derive } } }),
        ...(rollsUp && {
          aggregation: { type: "aggregation", settings: { store, aggregators, derivators, hot_series } },
        }),
        tag: { type: "tag", settings: { store, sharder, tag_cache: tagCacheDefault } },
      },
      wires,
      outlets: {
        observations: ["observation.observations"],
        rejected: [
          ...recorders,
          ...(publishes && !derives ? ["observation"] : []),
          ...(rollsUp ? ["aggregation"] : []),
        ].map((node) => `${node}.rejected`),
        aggregations: rollsUp ? ["aggregation.aggregations"] : [],
      },
    };
  },
});
