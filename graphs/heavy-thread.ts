import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { AnyDerivator, Derivator } from "../blocks/model/derivator.ts";
import type { HeavyStep, HeavyTask } from "../blocks/model/heavy-task.ts";
import { configuredDerivator } from "../blocks/model/plugin-choice.ts";
import { sentenceOf } from "../runtime/errors.ts";

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
