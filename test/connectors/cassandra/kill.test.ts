import { afterAll, test } from "vitest";
import { down, tell, up } from "../../../tools/services/control.ts";
import { withServer } from "../../with-server.ts";
import { type Disturb, KillRounds, killEngine } from "./kill-rounds.ts";

// `kill-many.ts` does the same a few hundred times.

await withServer("cassandra", "a graph with the Cassandra store under kill -9", (server) => {
  const rounds = new KillRounds(server);
  afterAll(() => rounds.close());

  test("an engine that is killed at any moment leaves the tables of a quiet run", { timeout: 600_000 }, async () => {
    for (const afterMs of [2_500, 3_500]) await rounds.run([killEngine(afterMs), killEngine(afterMs + 1_300)]);
  });
});

await withServer("cassandra", "the Cassandra store under kill -9 of the server", () => {
  test("a server that is killed and comes back slows the engine and loses nothing", { timeout: 600_000 }, async () => {
    const own = "cassandra.killed";
    const rounds = new KillRounds(await up(own));
    const killServer: Disturb = async (engine) => {
      await rounds.begun(engine);
      await tell(own, "SIGKILL");
      await up(own);
    };
    try {
      await rounds.run([killServer]);
      await rounds.close();
    } finally {
      await down(own);
    }
  });
});
