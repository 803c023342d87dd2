import type { FusedState, Group } from "./fused-state.ts";
import { isSource } from "./kernel.ts";

/** Rounds that elements go in a turn, before others have their chance. */
export const roundsMax = 4_096;

/** A turn that needs no generated code: it looks at each stage for each element. */
export function steppedTurn(state: FusedState, elementsMax: number, outputs: unknown[]): void {
  const hasSource = isSource(state.kernels[0]);
  state.rounds = roundsMax;
  for (state.left = elementsMax; state.held !== undefined || state.left > 0; ) {
    const output = state.held === undefined ? enterNext(state, hasSource) : goOnRound(state);
    if (output === nothingRead || state.held !== undefined) return;
    if (output !== undefined) {
      outputs[state.filled] = output;
      state.filled += 1;
      if (state.filled === outputs.length) return;
    }
    if (state.ended >= 0) return;
  }
}

const nothingRead = Symbol("nothing was read");

function enterNext(state: FusedState, hasSource: boolean): unknown {
  state.left -= 1;
  const element = hasSource ? readSource(state) : state.elements[state.index++];
  return element === undefined ? nothingRead : enter(state, hasSource ? 1 : 0, element);
}

function goOnRound(state: FusedState): unknown {
  const { held } = state;
  state.held = undefined;
  return enter(state, entryOf(state) + 1, held);
}

function entryOf(state: FusedState): number {
  return state.kernels.findIndex(({ kind }) => kind === "loopEntry");
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
    const kernel = state.kernels[index];
    if (kernel?.kind === "loopExit") {
      const way = kernel.run(value);
      if (way !== 0 && way !== 1) throw state.noBranch(way);
      if (way !== kernel.again) continue;
      if (state.rounds < 1) {
        state.held = value;
        return undefined;
      }
      state.rounds -= 1;
      index = entryOf(state);
      continue;
    }
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
      const group = cells[index] as Group;
      group.elements[group.size] = element;
      group.size += 1;
      return group.size < kernel.count ? undefined : group.take();
    }
    case "foreach":
      kernel.run(element);
      return undefined;
    case "array":
    case "iterable":
    case "loopEntry":
    case "loopExit":
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
