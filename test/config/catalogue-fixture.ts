import type { Catalogue, CatalogueEntry } from "../../config/catalogue.ts";
import {
  aggregators,
  byteSize,
  choice,
  duration,
  integer,
  list,
  path,
  port,
  record,
  secret,
  tagset,
  text,
} from "../../config/declare.ts";
import { securityPolicy } from "../../config/security-policy.ts";

const register = record({
  address: integer("Address of the register.", { min: 0, max: 65_535 }),
  metric: text("Metric of the data points."),
  type: choice("Type in the registers.", ["sint16", "uint16"], { default: "sint16" }),
  tagset: tagset(),
});

/** A few components with one setting of each kind. */
export const catalogue: Catalogue = {
  stores: byType([
    { type: "embedded", summary: "Keeps results in a folder.", settings: record({ path: path("Folder.") }) },
  ]),
  sources: byType([
    {
      type: "poll/modbus/tcp",
      summary: "Polls a device.",
      settings: record({
        interval: duration("Time between two polls.", { default: "1 minute", min: "10 ms" }),
        host: text("Host of the device."),
        port: port("Port of the device.", { default: 502 }),
        holding_registers: list("Registers to read.", register, { min: 1 }),
      }),
    },
    {
      type: "flow/mqtt/json",
      summary: "Consumes a topic.",
      settings: record({
        host: text("Host of the broker."),
        port: port("Port of the broker.", { default: 1883 }),
        pin: secret("Second factor.", { optional: true }),
        security: securityPolicy(),
      }),
    },
  ]),
  buffers: byType([
    {
      type: "disk",
      summary: "Keeps data in a folder.",
      settings: record({ path: path("Folder."), max_bytes: byteSize("Limit.", { default: "1 GiB" }) }),
    },
  ]),
  blocks: byType([
    {
      type: "dedupe",
      summary: "Drops repeats.",
      settings: record({ window: duration("How long.", { default: "1 second" }) }),
    },
    {
      type: "processor",
      summary: "Rolls up.",
      settings: record({ store: text("Name of the store."), aggregators: aggregators() }),
    },
  ]),
  sinks: byType([{ type: "stdout/json", summary: "Prints.", settings: record({}) }]),
};

function byType(entries: readonly CatalogueEntry[]): ReadonlyMap<string, CatalogueEntry> {
  return new Map(entries.map((entry) => [entry.type, entry]));
}
