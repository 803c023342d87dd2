import { defineStore } from "../../blocks/model/component.ts";
import { integer, path, record } from "../../config/declare.ts";
import { openEmbeddedStore } from "./embedded-store.ts";
import { readOwner } from "./folder-lock.ts";

const settings = record({
  path: path("Folder of the store; made if it is not there. One engine owns it at a time."),
  series_max: integer("Most series that the store holds; each takes some 250 bytes of memory.", {
    min: 1,
    max: 100_000_000,
    default: 1_000_000,
  }),
});

export const embeddedStore = defineStore({
  type: "embedded",
  summary: "Keeps observations, rollups and tags in a folder of this machine.",
  settings,
  open: ({ path, series_max }) => openEmbeddedStore(path, { seriesMax: series_max }),
  openReadOnly: ({ path, series_max }) => openEmbeddedStore(path, { seriesMax: series_max, readOnly: true }),
  engineAddress: async ({ path }) => (await readOwner(path))?.address,
});
