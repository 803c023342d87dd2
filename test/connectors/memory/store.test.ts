import { MemoryStore } from "../../../connectors/memory/store.ts";
import { storeConformance } from "../../conformance/store.ts";

storeConformance("memory", async () => {
  const store = new MemoryStore();
  return { store, reopen: async () => store, dispose: () => store.close() };
});
