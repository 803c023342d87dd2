import { Inlet, type Outlet, type Shape } from "../graph-stage.ts";

/** Several inlets, each of its own type; one outlet. */
export class TupleFanInShape<Ins extends readonly unknown[], out Out> implements Shape {
  readonly ins: { readonly [K in keyof Ins]: Inlet<Ins[K]> };
  readonly out: Outlet<Out>;
  readonly inlets: readonly Inlet<unknown>[];
  readonly outlets: readonly [Outlet<Out>];

  /** @param inputs As many as `Ins` has. */
  constructor(name: string, inputs: number, out: Outlet<Out>) {
    const ins = Array.from({ length: inputs }, (_, index) => new Inlet<unknown>(`${name}.in${index}`));
    this.ins = ins as unknown as { readonly [K in keyof Ins]: Inlet<Ins[K]> };
    this.out = out;
    this.inlets = ins;
    this.outlets = [out];
  }
}
