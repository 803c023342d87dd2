import { EngineError } from "../../errors.ts";
import type { Kernel } from "./kernel.ts";

/** What the stages of one fused run remember. */
export class FusedState {
  readonly kernels: readonly Kernel[];
  /** By stage: its sum, its unfinished group, or how many it still lets through. */
  readonly cells: unknown[];
  /** The stage whose code runs: where a failure belongs. */
  at = 0;
  /** Stages before this one have ended; -1 while none has. */
  ended = -1;
  /** Elements that the last turn might have read and did not. */
  left = 0;
  /** Of an array: the next element. */
  index = 0;
  /** Of any other source, until it has ended. */
  iterator: Iterator<unknown> | undefined;
  readonly #names: readonly string[];

  /** @param names Of the stages, as errors tell them. */
  constructor(kernels: readonly Kernel[], names: readonly string[]) {
    this.kernels = kernels;
    this.#names = names;
    this.cells = kernels.map((kernel) => {
      if (kernel.kind === "take") return kernel.count;
      if (kernel.kind === "grouped") return [];
      return "zero" in kernel ? kernel.zero : undefined;
    });
  }

  nameOf(stage: number): string {
    return this.#names[stage] ?? "fused";
  }

  /** What a push says of something that is no element. */
  absent(stage: number, value: unknown): EngineError {
    // What is numbered beyond stands in a branch, where only a map can make one.
    const kind = this.kernels[stage]?.kind ?? "map";
    const port = kind === "array" || kind === "iterable" ? "from.out" : `${kind}.out`;
    const sentence = `Cannot push to "${port}" as an element must be there: it is ${String(value)}`;
    return new EngineError("STAGE_FAILED", sentence, { where: { node: this.nameOf(stage) } });
  }
}

/**
 * Some elements' way through all stages: reads from the source until an element leaves, `elementsMax` were read, or a stage has
 * ended; without a source it takes `input`.
 *
 * @returns the element that leaves, if one does.
 */
export type Turn = (state: FusedState, input: unknown, elementsMax: number) => unknown;
