import type { GraphStageLogic } from "../graph-stage.ts";

/** What a stage does with one element, said so that neighbours may be run as one. The name of each is that of its operator. */
export type Kernel = SourceKernel | FlowKernel | SinkKernel;

export type SourceKernel =
  | { readonly kind: "array"; readonly elements: readonly unknown[] }
  | { readonly kind: "iterable"; readonly elements: Iterable<unknown> };

export type FlowKernel =
  | StatelessKernel
  | { readonly kind: "take"; readonly count: number }
  | { readonly kind: "scan"; readonly zero: unknown; readonly run: (sum: unknown, element: unknown) => unknown }
  | { readonly kind: "fold"; readonly zero: unknown; readonly run: (sum: unknown, element: unknown) => unknown }
  | { readonly kind: "grouped"; readonly count: number }
  | BranchesKernel;

/** Each element through every branch in turn; what leaves each goes on. Only where a sink follows, which takes all of it. */
export interface BranchesKernel {
  readonly kind: "branches";
  readonly branches: readonly (readonly StatelessKernel[])[];
  readonly onCopy: ((element: unknown, copies: number) => void) | undefined;
  /** Of the broadcast, then of the stages in its branches: they are numbered after all others of the row. */
  readonly names: readonly string[];
}

export type StatelessKernel =
  | { readonly kind: "map"; readonly run: (element: unknown) => unknown }
  | { readonly kind: "filter"; readonly run: (element: unknown) => boolean };

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
