import type { Points } from "./columns.ts";
import type { AnyDerivator } from "./derivator.ts";
import { configuredDerivator, type PluginChoice } from "./plugin-choice.ts";

/** A step of a heavy derivator, as it goes to a thread. States are encoded; absent, the seed is meant. */
export type HeavyStep =
  | { readonly kind: "add"; readonly state: Uint8Array | undefined; readonly points: Points }
  | { readonly kind: "merge"; readonly earlier: Uint8Array | undefined; readonly later: Uint8Array | undefined }
  | { readonly kind: "encode" }
  | { readonly kind: "result"; readonly state: Uint8Array | undefined };

export interface HeavyTask {
  /** URL of the plugin's module. */
  readonly module: string;
  readonly exportName: string;
  readonly choice: PluginChoice;
  readonly step: HeavyStep;
  /** One number in shared memory, which a thread sets to 1 when it has loaded the plugin and begins. */
  readonly began?: Int32Array<SharedArrayBuffer>;
}

/** Runs steps of heavy derivators somewhere else. */
export interface HeavyRunner {
  /**
   * @param make Called when the step's turn has come, so that what waits holds no columns of its own.
   * @returns the encoded state, or the result.
   * @throws what the plugin threw, how its thread ended, or that it took longer than the settings allow.
   */
  run(make: () => HeavyTask): Promise<unknown>;
}

/** What a thread does with a task: the same calls, in the same order, as without one. */
export async function runHeavyTask({ module, exportName, choice, step, began }: HeavyTask): Promise<unknown> {
  const loaded = (await import(module)) as Record<string, AnyDerivator>;
  const definition = loaded[exportName];
  if (definition?.kind !== "derivator") throw new TypeError(`the module has no derivator "${exportName}" any more`);
  const derivator = configuredDerivator(choice, definition);
  if (began !== undefined) {
    Atomics.store(began, 0, 1);
    Atomics.notify(began, 0);
  }
  const decoded = (bytes: Uint8Array | undefined) => (bytes === undefined ? derivator.seed() : derivator.decode(bytes));
  switch (step.kind) {
    case "add":
      return derivator.encode(derivator.add(decoded(step.state), step.points, 0, step.points.time.length));
    case "merge":
      return derivator.encode(derivator.merge(decoded(step.earlier), decoded(step.later)));
    case "encode":
      return derivator.encode(derivator.seed());
    case "result":
      return derivator.result(decoded(step.state));
  }
}
