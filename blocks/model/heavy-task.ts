import type { Points } from "./columns.ts";
import type { TimeSpan } from "./derivator.ts";
import type { PluginChoice } from "./plugin-choice.ts";

/** A step of a heavy derivator, as it goes to a thread. States are encoded; absent, the seed is meant. */
export type HeavyStep =
  | { readonly kind: "add"; readonly state: Uint8Array | undefined; readonly points: Points }
  | { readonly kind: "merge"; readonly earlier: Uint8Array | undefined; readonly later: Uint8Array | undefined }
  | { readonly kind: "encode" }
  | { readonly kind: "result"; readonly state: Uint8Array | undefined; readonly bucket: TimeSpan };

export interface HeavyTask {
  /** URL of the plugin's module. */
  readonly module: string;
  readonly exportName: string;
  readonly choice: PluginChoice;
  /** Of the derivator: tells one choice from another. */
  readonly stateName: string;
  readonly step: HeavyStep;
}

/** Runs steps of heavy derivators somewhere else. */
export interface HeavyRunner {
  /** There will be steps: what runs them may be made ready. */
  start(): void;
  /**
   * @param make Called when the step's turn has come, so that what waits holds no columns of its own; again where a thread did not
   *   get to it, as a neighbour of the step ended it.
   * @returns the encoded state, or the result.
   * @throws what the plugin threw, how its thread ended, or that it took longer than the settings allow.
   */
  run(make: () => HeavyTask): Promise<unknown>;
}
