import type { GraphStageLogic } from "../graph-stage.ts";
import type { Decider } from "../supervised-stage.ts";

/** What a stage does with one element, said so that neighbours may be run as one. The name of each is that of its operator. */
export type Kernel = SourceKernel | FlowKernel | SinkKernel;

export type SourceKernel =
  | { readonly kind: "array"; readonly elements: readonly unknown[] }
  | { readonly kind: "iterable"; readonly elements: Iterable<unknown> };

export type FlowKernel =
  | { readonly kind: "map"; readonly run: (element: unknown) => unknown }
  | { readonly kind: "filter"; readonly run: (element: unknown) => boolean }
  | { readonly kind: "collect"; readonly run: (element: unknown) => unknown }
  | { readonly kind: "take" | "drop"; readonly count: number }
  | { readonly kind: "takeWhile"; readonly run: (element: unknown) => boolean; readonly inclusive: boolean }
  | { readonly kind: "dropWhile"; readonly run: (element: unknown) => boolean }
  | { readonly kind: "zipWithIndex" }
  | { readonly kind: "monitor"; readonly watch: Watch }
  | { readonly kind: "scan"; readonly zero: unknown; readonly run: (sum: unknown, element: unknown) => unknown }
  | { readonly kind: "fold"; readonly zero: unknown; readonly run: (sum: unknown, element: unknown) => unknown }
  | { readonly kind: "grouped"; readonly count: number }
  | LoopEntry
  | LoopExit;

/** Where elements that go round come in again. */
export interface LoopEntry {
  readonly kind: "loopEntry";
}

/** Where an element leaves a loop, or goes back to its entry, which stands before it in the row. */
export interface LoopExit {
  readonly kind: "loopExit";
  /** Which of two ways an element goes. */
  readonly run: (element: unknown) => number;
  /** The way back: 0 or 1. */
  readonly again: number;
}

/** What looks at a stream as it goes by. Belongs to one run. */
export interface Watch {
  /** The last one. */
  element: unknown;
  /** It is over, with a failure if there was one. */
  end(failure: Error | undefined): void;
}

/** Belongs to one run, as its outcome does. */
export type SinkKernel = {
  readonly outcome: {
    resolve(value: unknown): void;
    reject(error: Error): void;
    /** The run was stopped, unless it settled before. */
    abandon(): void;
  };
} & (
  | { readonly kind: "foreach"; readonly run: (element: unknown) => void }
  | { readonly kind: "into"; readonly zero: unknown; readonly run: (sum: unknown, element: unknown) => unknown }
);

/** A logic whose stage can be told as a kernel. Where it is fused, none of its handlers is ever called. */
export interface KernelLogic extends GraphStageLogic<unknown> {
  readonly kernel: Kernel;
  /** Asked where its function throws; only of stages that are supervised. */
  readonly decider?: Decider | undefined;
}

export function hasKernel(logic: GraphStageLogic<unknown>): logic is KernelLogic {
  return "kernel" in logic && logic.kernel !== undefined;
}

export function isSource(kernel: Kernel | undefined): kernel is SourceKernel {
  return kernel?.kind === "array" || kernel?.kind === "iterable";
}

export function isSink(kernel: Kernel | undefined): kernel is SinkKernel {
  return kernel?.kind === "foreach" || kernel?.kind === "into";
}
