import { EngineError } from "../../errors.ts";
import type { Kernel } from "./kernel.ts";

const nothing: readonly unknown[] = [];

/** What the stages of one fused run remember. */
export class FusedState {
  readonly kernels: readonly Kernel[];
  /** By stage: its sum, its unfinished group, how many it still lets through or drops, and the like. */
  readonly cells: unknown[];
  /** The stage whose code runs: where a failure belongs. */
  at = 0;
  /** Stages before this one have ended; -1 while none has. */
  ended = -1;
  /** Elements that the last turn might have read and did not. */
  left = 0;
  /** Elements that have left and were not sent on yet: `outputs[0]` to `outputs[filled - 1]`. */
  filled = 0;
  /** What is read next: the array of a source, or what has come in. */
  elements: readonly unknown[] = nothing;
  index = 0;
  /** One that goes round and has not left, where the turn ended before it did. */
  held: unknown = undefined;
  /** Rounds that are left until then. */
  rounds = 0;
  /** Of any other source, until it has ended. */
  iterator: Iterator<unknown> | undefined;
  readonly #names: readonly string[];

  /** @param names Of the stages, as errors tell them. */
  constructor(kernels: readonly Kernel[], names: readonly string[]) {
    this.kernels = kernels;
    this.#names = names;
    this.cells = kernels.map(startOf);
    const [source] = kernels;
    if (source?.kind === "array") this.elements = source.elements;
  }

  nameOf(stage: number): string {
    return this.#names[stage] ?? "fused";
  }

  /** Back to the cell of a fresh run. */
  restart(stage: number): void {
    const kernel = this.kernels[stage];
    if (kernel !== undefined) this.cells[stage] = startOf(kernel);
  }

  /** Holds on to nothing of what came in. */
  forget(): void {
    this.elements = nothing;
    this.index = 0;
  }

  /** What a partition of two branches says of a third. */
  noBranch(index: number): EngineError {
    return noBranch(2, index);
  }

  /** What a push says of something that is no element. */
  absent(stage: number, value: unknown): EngineError {
    const kind = this.kernels[stage]?.kind;
    const port = kind === "array" || kind === "iterable" ? "from.out" : `${kind}.out`;
    const sentence = `Cannot push to "${port}" as an element must be there: it is ${String(value)}`;
    return new EngineError("STAGE_FAILED", sentence, { where: { node: this.nameOf(stage) } });
  }
}

/** Room for more is made as it is needed. */
const roomMax = 4_096;

/** The elements of a group that is not complete, in an array that has room for all of them: one that grows is copied again and again. */
export class Group {
  elements: unknown[];
  size = 0;
  readonly #room: number;

  constructor(count: number) {
    this.#room = Math.min(count, roomMax);
    this.elements = new Array<unknown>(this.#room);
  }

  /** What it holds, and begins the next. */
  take(): unknown[] {
    const { elements, size } = this;
    if (size < elements.length) elements.length = size;
    this.elements = new Array<unknown>(this.#room);
    this.size = 0;
    return elements;
  }
}

/** @param index What was chosen, of `count` branches. */
export function noBranch(count: number, index: number): EngineError {
  const sentence = `Cannot choose a branch as it must be one of ${count}, from 0: it is ${index}`;
  return new EngineError("STAGE_FAILED", sentence);
}

function startOf(kernel: Kernel): unknown {
  if (kernel.kind === "take" || kernel.kind === "drop") return kernel.count;
  if (kernel.kind === "grouped") return new Group(kernel.count);
  if (kernel.kind === "dropWhile") return true;
  if (kernel.kind === "zipWithIndex") return 0;
  if (kernel.kind === "monitor") return kernel.watch;
  return "zero" in kernel ? kernel.zero : undefined;
}

/**
 * Some elements' way through all stages: the one held first, then reads until `outputs` is full, `elementsMax` were read, or a stage has ended;
 * or one goes round so often that others must have their chance, and is held. What leaves goes to
 * `outputs`, behind what is there. Where a stage throws, the state says which, and the next turn goes on with the next element.
 */
export type Turn = (state: FusedState, elementsMax: number, outputs: unknown[]) => void;
