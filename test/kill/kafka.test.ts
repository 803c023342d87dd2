import { test } from "vitest";
import { withServer, withServers } from "../with-server.ts";
import { surviveBlows } from "./kafka-rounds.ts";

// The rounds have a broker of their own; `npm run kill` deals many more blows.
await withServer("kafka", "Kafka under blows", () => {
  test("killed engine, killed broker and a stop beyond the session leave exact tables and balanced books", async () => {
    const delays = [0.1, 0.7, 0.4, 0.5, 0.9];
    await surviveBlows({
      blows: ["kill engine", "kill broker", "stop engine", "kill engine"],
      random: () => delays.shift() ?? 0.3,
      note: () => {},
    });
  }, 600_000);

  test("so do the same blows with a buffer in Kafka between", async () => {
    const delays = [0.3, 0.8, 0.6, 0.2];
    await surviveBlows({
      blows: ["stop engine", "kill engine", "kill broker"],
      buffered: true,
      random: () => delays.shift() ?? 0.5,
      note: () => {},
    });
  }, 600_000);
});

await withServers(["kafka", "cassandra"], "Two engines of one group under blows", ([, cassandra]) => {
  test("partitions that move to and fro between two engines over Cassandra leave exact tables", async () => {
    // When it falls, and on whom.
    const chances = [0.4, 0.1, 0.7, 0.9, 0.3, 0.6, 0.8, 0.2];
    await surviveBlows({
      blows: ["leave", "kill engine", "stop engine", "leave"],
      cassandra,
      random: () => chances.shift() ?? 0.5,
      note: () => {},
    });
  }, 600_000);
});
