import type { Points } from "../model/columns.ts";
import type { Derivator } from "../model/derivator.ts";
import type { HeavyRunner, HeavyStep } from "../model/heavy-task.ts";
import type { PluginChoice } from "../model/plugin-choice.ts";

/**
 * A state that lives encoded, because its derivator runs elsewhere: the bytes, or a promise of them. It never changes, so it may
 * be shared. Undefined bytes are the seed.
 */
class HeavyState {
  readonly bytes: Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** By name of the derivator: several may share a state. */
  readonly results: ReadonlyMap<string, unknown>;

  constructor(
    bytes: Promise<Uint8Array | undefined> | Uint8Array | undefined,
    results: ReadonlyMap<string, unknown> = new Map(),
  ) {
    this.bytes = bytes;
    this.results = results;
    // Heard where it is settled; it may fail before.
    if (bytes instanceof Promise) bytes.catch(() => {});
  }
}

/**
 * The same derivator with every step run by `heavy`, where it is a heavy one of a plugin; else itself. What it promises is the
 * same, byte for byte; `encode` and `result` take states that were settled.
 */
export function heavyDerivator(derivator: Derivator, choice: PluginChoice, heavy: HeavyRunner): Derivator {
  const { origin } = derivator;
  if (derivator.heavy !== true || origin === undefined) return derivator;
  const { module, exportName } = origin;
  const { stateName = derivator.name } = derivator;
  heavy.start();
  const run = (step: () => HeavyStep) => heavy.run(() => ({ module, exportName, choice, stateName, step: step() }));
  const bytesOf = (step: () => HeavyStep) => run(step) as Promise<Uint8Array>;
  const pooled: Derivator<HeavyState> = {
    kind: "derivator",
    name: derivator.name,
    summary: derivator.summary,
    heavy: true,
    origin,
    ...(derivator.stateName !== undefined && { stateName: derivator.stateName }),
    ...(derivator.acrossSeries !== undefined && { acrossSeries: derivator.acrossSeries }),
    appliesTo: (type) => derivator.appliesTo(type),
    resultType: (type) => derivator.resultType(type),
    seed: () => new HeavyState(undefined),
    copy: (state) => state,
    add(state, points, from, to) {
      return new HeavyState(
        after([state], ([bytes]) => bytesOf(() => ({ kind: "add", state: bytes, points: copied(points, from, to) }))),
      );
    },
    merge(earlier, later) {
      return new HeavyState(
        after([earlier, later], ([first, second]) => bytesOf(() => ({ kind: "merge", earlier: first, later: second }))),
      );
    },
    async settled({ bytes, results }, bucket) {
      const state = (await bytes) ?? (await bytesOf(() => ({ kind: "encode" })));
      if (bucket === undefined) return new HeavyState(state, results);
      const result = await run(() => ({ kind: "result", state, bucket }));
      return new HeavyState(state, new Map([...results, [derivator.name, result]]));
    },
    result: ({ results }) => results.get(derivator.name),
    encode(state) {
      if (state.bytes instanceof Uint8Array) return state.bytes;
      throw new TypeError("a state must be settled before it is encoded");
    },
    decode: (bytes) => new HeavyState(bytes),
  };
  return pooled;
}

/** The next step, once the states that it takes have arrived. */
function after(
  states: readonly HeavyState[],
  next: (bytes: readonly (Uint8Array | undefined)[]) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const bytes = states.map((state) => state.bytes);
  if (bytes.every((one): one is Uint8Array | undefined => !(one instanceof Promise))) return next(bytes);
  return Promise.all(bytes.map(async (one) => one)).then(next);
}

/** Rows of their own, that may move to another thread. */
function copied({ time, values }: Points, from: number, to: number): Points {
  return { time: time.slice(from, to), values: values.slice(from, to) };
}
