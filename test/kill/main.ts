import { up } from "../../tools/services/control.ts";
import { type Blow, surviveBlows } from "./kafka-rounds.ts";

// `npm run kill -- 200 7`: rounds and seed. Most blows kill the engine. A further word, `buffer`, puts one in Kafka between; `pair` lets
// two engines of one group write to Cassandra, which must run, so that each blow moves partitions. Both may be said.
const [rounds = "20", seed = String(Date.now() % 1_000_000), ...words] = process.argv.slice(2);
const pair = words.includes("pair");

/** A small generator, so that a seed deals the same blows again (mulberry32). */
function randomOf(state: number): () => number {
  let at = state;
  return () => {
    at = (at + 0x6d2b79f5) | 0;
    let mixed = Math.imul(at ^ (at >>> 15), 1 | at);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const random = randomOf(Number(seed));
const blows = Array.from({ length: Number(rounds) }, (): Blow => {
  const chance = random();
  if (chance < 0.1) return "kill broker";
  if (chance < 0.2) return "stop engine";
  return chance < 0.4 && pair ? "leave" : "kill engine";
});
console.error(`${rounds} rounds with seed ${seed}`);
const cassandra = pair ? await up("cassandra") : undefined;
const store = cassandra === undefined ? {} : { cassandra };
const buffered = words.includes("buffer");
await surviveBlows({ blows, buffered, ...store, random, note: (line) => console.error(line) });
console.log(`${rounds} rounds with seed ${seed}: tables equal the closed form, and the books balance`);
