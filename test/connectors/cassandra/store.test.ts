import { afterAll } from "vitest";
import { storeConformance } from "../../conformance/store.ts";
import { withServer } from "../../with-server.ts";
import { TestKeyspaces } from "./cluster.ts";

await withServer("cassandra", "the Cassandra store", (server) => {
  const keyspaces = new TestKeyspaces(server, "conformance");
  afterAll(() => keyspaces.drop());

  storeConformance(
    "cassandra",
    async () => {
      let store = await keyspaces.open();
      return {
        store,
        reopen: async () => {
          await store.close();
          store = await keyspaces.open();
          return store;
        },
        dispose: async () => {
          await store.close();
          await keyspaces.truncate();
        },
      };
    },
    { runs: 4 },
  );
});
