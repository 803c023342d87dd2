import type { FusedState } from "./fused-state.ts";
import { isSource } from "./kernel.ts";

/** A turn that needs no generated code: it looks at each stage for each element. */
export function steppedTurn(state: FusedState, elementsMax: number, outputs: unknown[]): void {
  const hasSource = isSource(state.kernels[0]);
  for (state.left = elementsMax; state.left > 0; ) {
    state.left -= 1;
    const element = hasSource ? readSource(state) : state.elements[state.index++];
    if (element === undefined) return;
    const output = enter(state, hasSource ? 1 : 0, element);
    if (output !== undefined) {
      outputs[state.filled] = output;
      state.filled += 1;
      if (state.filled === outputs.length) return;
    }
    if (state.ended >= 0) return;
  }
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
    case "collect": {
      const picked = kernel.run(element);
      return picked === undefined ? undefined : present(state, index, picked);
    }
    case "drop": {
      const left = cells[index] as number;
      if (left < 1) return element;
      cells[index] = left - 1;
      return undefined;
    }
    case "takeWhile": {
      const kept = kernel.run(element);
      if (!kept) state.ended = index + 1;
      return kept || kernel.inclusive ? element : undefined;
    }
    case "dropWhile":
      if (cells[index] === true) cells[index] = Boolean(kernel.run(element));
      return cells[index] === true ? undefined : element;
    case "zipWithIndex": {
      const at = cells[index] as number;
      cells[index] = at + 1;
      return [element, at];
    }
    case "monitor":
      kernel.watch.element = element;
      return element;
    case "take": {
      const left = (cells[index] as number) - 1;
      cells[index] = left;
      if (left < 1) state.ended = index + 1;
      return element;
    }
    case "scan":
      cells[index] = present(state, index, kernel.run(cells[index], element));
      return cells[index];
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
    case "array":
    case "iterable":
    case undefined:
      return element;
  }
}

/** @returns undefined where there is none: then the source has ended. */
function readSource(state: FusedState): unknown {
  const source = state.kernels[0];
  state.at = 0;
  if (source?.kind === "array") {
    const element = state.elements[state.index];
    state.index += 1;
    if (state.index >= state.elements.length) state.ended = 1;
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
