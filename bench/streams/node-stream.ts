import { Readable, Transform, type TransformCallback, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { otherInputs } from "./other-graphs.ts";

/** A transform in object mode that gives one element or none for each. */
export function transform<In>(change: (element: In) => unknown): Transform {
  return new Transform({
    objectMode: true,
    transform(element: In, _encoding, done: TransformCallback) {
      done(null, change(element));
    },
  });
}

/** A writable in object mode. */
export function writable<In>(take: (element: In) => void): Writable {
  return new Writable({
    objectMode: true,
    write(element: In, _encoding, done) {
      take(element);
      done();
    },
  });
}

/** Runs the other graphs as streams of Node. */
export async function warmNodeStreams(): Promise<void> {
  for (const { graph, elements } of otherInputs()) {
    const { keeps, change } = graph;
    const kept = transform<unknown>((element) => (keeps(element) ? element : undefined));
    await pipeline(
      Readable.from(elements),
      kept,
      transform(change),
      writable(() => {}),
    );
  }
}
