import type { FusedState } from "./fused-state.ts";
import { type BranchesKernel, isSource } from "./kernel.ts";

/** A turn that needs no generated code: it looks at each stage for each element. */
export function steppedTurn(state: FusedState, input: unknown, elementsMax: number): unknown {
  if (!isSource(state.kernels[0])) return enter(state, 0, input);
  for (state.left = elementsMax; state.left > 0; ) {
    state.left -= 1;
    const element = readSource(state);
    if (element === undefined) return undefined;
    const output = enter(state, 1, element);
    if (output !== undefined || state.ended >= 0) return output;
  }
  return undefined;
}

/**
 * Takes one element into a stage and through those behind it.
 *
 * @returns the element that leaves, if one does.
 */
export function enter(state: FusedState, stage: number, element: unknown): unknown {
  let value = element;
  for (let index = stage; index < state.kernels.length; index += 1) {
    state.at = index;
    value = step(state, index, value);
    if (value === undefined) return undefined;
  }
  return value;
}

/** @returns undefined where nothing leaves the stage. */
function step(state: FusedState, index: number, element: unknown): unknown {
  const kernel = state.kernels[index];
  const { cells } = state;
  switch (kernel?.kind) {
    case "map":
      return present(state, index, kernel.run(element));
    case "filter":
      return kernel.run(element) ? element : undefined;
    case "take": {
      const left = (cells[index] as number) - 1;
      cells[index] = left;
      if (left < 1) state.ended = index + 1;
      return element;
    }
    case "scan":
      cells[index] = kernel.run(cells[index], element);
      return present(state, index, cells[index]);
    case "fold":
    case "into":
      cells[index] = kernel.run(cells[index], element);
      return undefined;
    case "grouped": {
      const group = cells[index] as unknown[];
      group.push(element);
      if (group.length < kernel.count) return undefined;
      cells[index] = [];
      return group;
    }
    case "foreach":
      kernel.run(element);
      return undefined;
    case "branches":
      split(state, index, kernel, element);
      return undefined;
    case "array":
    case "iterable":
    case undefined:
      return element;
  }
}

/** A stage behind may end with what one branch gives: then the others give nothing. */
function split(state: FusedState, index: number, kernel: BranchesKernel, element: unknown): void {
  if (kernel.branches.length > 1) kernel.onCopy?.(element, kernel.branches.length - 1);
  let at = state.kernels.length;
  for (const branch of kernel.branches) {
    if (state.ended > index) return;
    let value: unknown = element;
    for (const stage of branch) {
      at += 1;
      if (value === undefined) continue;
      state.at = at;
      if (stage.kind === "map") value = present(state, at, stage.run(value));
      else if (!stage.run(value)) value = undefined;
    }
    if (value !== undefined) enter(state, index + 1, value);
  }
}

/** @returns undefined where there is none: then the source has ended. */
function readSource(state: FusedState): unknown {
  const source = state.kernels[0];
  state.at = 0;
  if (source?.kind === "array") {
    const element = source.elements[state.index];
    state.index += 1;
    if (state.index >= source.elements.length) state.ended = 1;
    return present(state, 0, element);
  }
  const next = state.iterator?.next();
  if (next === undefined || next.done === true) {
    state.iterator = undefined;
    state.ended = 1;
    return undefined;
  }
  return present(state, 0, next.value);
}

/** @throws {EngineError} where the stage at `index` makes something that is no element. */
export function present(state: FusedState, index: number, value: unknown): unknown {
  if (value === undefined || value === null) throw state.absent(index, value);
  return value;
}
