import { ActorSystem } from "../../../../runtime/actors/actor-system.ts";
import { virtualClock } from "../../../../runtime/clock/virtual-clock.ts";
import { Sink } from "../../../../runtime/streams/sink.ts";
import { Source } from "../../../../runtime/streams/source.ts";

// The process of one run: says whether code from strings is refused, and what a stream busy enough to be generated comes to.
const clock = virtualClock();
const system = new ActorSystem({ clock });
const sums: Promise<number>[] = [];
for (let round = 1; round <= 3; round += 1) {
  sums.push(
    Source.from(Array.from({ length: 10_000 }, (_, index) => index))
      .map((element) => element * round)
      .filter((element) => element % 4 !== 0)
      .scan(0, (sum, element) => (sum + element) % 9_973)
      .grouped(7)
      .take(1_000)
      .runWith(
        Sink.fold(0, (sum, group: number[]) => group.reduce((total, element) => total + element, sum)),
        system,
      ),
  );
}
clock.runSoon();
process.stdout.write(JSON.stringify({ refused: isRefused(), sums: await Promise.all(sums) }));

function isRefused(): boolean {
  try {
    new Function("return 1");
    return false;
  } catch {
    return true;
  }
}
