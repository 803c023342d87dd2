// Runs in the threads of a pool: one call, one task.
import { move, transferableSymbol, valueSymbol } from "piscina";
import { transferablesOf } from "./transfer.ts";

export interface PoolTask {
  /** URL of the module. */
  readonly module: string;
  /** Which of its exports: a function of one argument. */
  readonly exportName: string;
  readonly element: unknown;
}

/** @returns what the function gives or resolves with; what of it says so is moved. */
export default async function run({ module, exportName, element }: PoolTask): Promise<unknown> {
  const loaded = (await import(module)) as Record<string, unknown>;
  const change = loaded[exportName];
  if (typeof change !== "function") {
    throw new TypeError(`Cannot call "${exportName}" of "${module}" as it must be a function: it is ${typeof change}`);
  }
  const result: unknown = await change(element);
  const moved = transferablesOf(result);
  return moved.length === 0 ? result : move({ [transferableSymbol]: moved, [valueSymbol]: result as object });
}
