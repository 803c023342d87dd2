import { openEmbeddedStore } from "../../../connectors/embedded/embedded-store.ts";
import { storeConformance } from "../../conformance/store.ts";
import { temporaryFolder } from "./temporary-folder.ts";

storeConformance("embedded", async () => {
  const folder = await temporaryFolder();
  let store = await openEmbeddedStore(folder.path);
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await openEmbeddedStore(folder.path);
      return store;
    },
    dispose: async () => {
      await store.close();
      await folder.remove();
    },
  };
});
