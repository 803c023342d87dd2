import { compile, factoryText, functionsOf, type TurnFactory } from "./compiled-turn.ts";
import { FusedState, type Turn } from "./fused-state.ts";
import type { Kernel } from "./kernel.ts";
import { steppedTurn } from "./stepped-turn.ts";

/** Elements before a loop is generated: short streams never pay for one. */
const warmMin = 2_048;

/** Loops remembered for one first function; a further one takes the place of the oldest. */
const rememberedMax = 8;

interface Known {
  readonly text: string;
  readonly functions: readonly unknown[];
  readonly factory: TurnFactory | undefined;
}

/** Generated loops by the first function they call. One made for a run serves every other that calls the same functions. */
const known = new WeakMap<object, Known[]>();

/** For rows of stages that call none. */
const noFunction = {};

/** Which turn a run uses: the stepped one at first, a generated one once it, or one like it, has shown to be busy. */
export class TurnChoice {
  turn: Turn;
  readonly #kernels: readonly Kernel[];
  readonly #functions: readonly unknown[];
  readonly #key: object;
  #elements = 0;

  constructor(kernels: readonly Kernel[]) {
    this.#kernels = kernels;
    this.#functions = functionsOf(kernels);
    this.#key = this.#functions.find((run) => typeof run === "function") ?? noFunction;
    this.turn = known.has(this.#key) ? this.#made(this.#find(factoryText(kernels))) : steppedTurn;
  }

  /** Says that so many more elements went in. */
  count(elements: number): void {
    if (this.#elements >= warmMin) return;
    this.#elements += elements;
    if (this.#elements < warmMin || this.turn !== steppedTurn) return;
    const text = factoryText(this.#kernels);
    this.turn = this.#made(this.#find(text) ?? this.#generate(text));
    // A loop that is compiled before it was ever left is thrown away when it is.
    this.turn(new FusedState(this.#kernels, []), 0, []);
  }

  #made(found: Known | undefined): Turn {
    return found?.factory?.(this.#functions) ?? steppedTurn;
  }

  #find(text: string): Known | undefined {
    return known
      .get(this.#key)
      ?.find((one) => one.text === text && one.functions.every((run, stage) => run === this.#functions[stage]));
  }

  #generate(text: string): Known {
    const made = { text, functions: this.#functions, factory: compile(text) };
    const others = known.get(this.#key) ?? [];
    known.set(this.#key, [...others.slice(1 - rememberedMax), made]);
    return made;
  }
}
