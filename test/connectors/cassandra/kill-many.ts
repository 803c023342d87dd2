// The long run of the kill test: `npx tsx test/connectors/cassandra/kill-many.ts [rounds] [seed]`. It kills the engine in each round,
// one to three times, and the server in every tenth, at moments drawn from the seed; it stops at the first table that differs.
import { setTimeout as sleep } from "node:timers/promises";
import { virtualClock } from "../../../runtime/clock/virtual-clock.ts";
import { down, tell, up } from "../../../tools/services/control.ts";
import { type Disturb, KillRounds, killEngine } from "./kill-rounds.ts";

const own = "cassandra.killed";
const [count = "200", seed = "1"] = process.argv.slice(2);
const { random } = virtualClock(0, Number(seed));
const rounds = new KillRounds(await up(own));
const killServer: Disturb = async (engine) => {
  await rounds.begun(engine);
  await sleep(random() * 500);
  await tell(own, "SIGKILL");
  await up(own);
};
let kills = 0;
for (let round = 1; round <= Number(count); round += 1) {
  const disturbances = Array.from({ length: 1 + Math.floor(random() * 3) }, () => killEngine(500 + random() * 5_000));
  if (round % 10 === 0) disturbances.push(killServer);
  await rounds.run(disturbances);
  kills += disturbances.length;
  console.log(`round ${round} of ${count}: ${kills} kills so far, every table equal, every book balanced`);
}
await rounds.close();
await down(own);
