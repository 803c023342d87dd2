import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { sentenceOf } from "../../runtime/errors.ts";
import type { Points } from "./columns.ts";
import type { AnyDerivator, Derivator, TimeSpan } from "./derivator.ts";
import { configuredDerivator, type PluginChoice } from "./plugin-choice.ts";

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

/** Several tasks in one message, and a number in shared memory: how many of them have begun, once all their plugins are loaded. */
export interface HeavyBatch {
  readonly tasks: readonly HeavyTask[];
  readonly begun: Int32Array<SharedArrayBuffer>;
}

/** What became of one task. */
export type HeavyOutcome = { readonly value: unknown } | { readonly fault: unknown };

/**
 * What a thread does: runs the batches that come through a port, and sends the outcomes of each, an array like its tasks, as soon as
 * it has them. Returns when no more are at hand.
 */
export async function runHeavyBatches({ port }: { port: MessagePort }): Promise<void> {
  for (;;) {
    const received = receiveMessageOnPort(port) as { message: HeavyBatch } | undefined;
    if (received === undefined) break;
    const outcomes = await outcomesOf(received.message);
    try {
      port.postMessage(outcomes);
    } catch {
      port.postMessage(outcomes.map(sendable));
    }
  }
  port.close();
}

/** The same calls, in the same order, as without a thread. One that throws fails alone. */
async function outcomesOf({ tasks, begun }: HeavyBatch): Promise<HeavyOutcome[]> {
  const loaded: (Derivator | { fault: unknown })[] = [];
  for (const task of tasks) loaded.push(await derivatorOf(task).catch((fault: unknown) => ({ fault })));
  return tasks.map(({ step }, index) => {
    Atomics.store(begun, 0, index + 1);
    const derivator = loaded[index] as Derivator | { fault: unknown };
    if ("fault" in derivator) return derivator;
    try {
      return { value: stepped(derivator, step) };
    } catch (fault) {
      return { fault };
    }
  });
}

/** A plugin may return, and throw, what cannot leave its thread, such as a function. */
function sendable(outcome: HeavyOutcome): HeavyOutcome {
  try {
    return structuredClone(outcome);
  } catch (fault) {
    return { fault: new TypeError(sentenceOf(fault)) };
  }
}

/** What this thread has loaded: as many as the graph has heavy derivators. */
const known = new Map<string, Derivator>();

async function derivatorOf(task: HeavyTask): Promise<Derivator> {
  const key = `${task.module}\0${task.exportName}\0${task.stateName}`;
  const derivator = known.get(key) ?? (await loadedDerivator(task));
  known.set(key, derivator);
  return derivator;
}

async function loadedDerivator({ module, exportName, choice }: HeavyTask): Promise<Derivator> {
  const loaded = (await import(module)) as Record<string, AnyDerivator>;
  const definition = loaded[exportName];
  if (definition?.kind === "derivator") return configuredDerivator(choice, definition);
  throw new TypeError(`the module has no derivator "${exportName}" any more`);
}

function stepped(derivator: Derivator, step: HeavyStep): unknown {
  const decoded = (bytes: Uint8Array | undefined) => (bytes === undefined ? derivator.seed() : derivator.decode(bytes));
  switch (step.kind) {
    case "add":
      return derivator.encode(derivator.add(decoded(step.state), step.points, 0, step.points.time.length));
    case "merge":
      return derivator.encode(derivator.merge(decoded(step.earlier), decoded(step.later)));
    case "encode":
      return derivator.encode(derivator.seed());
    case "result":
      return derivator.result(decoded(step.state), step.bucket);
  }
}
