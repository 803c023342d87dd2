import { type Inlet, Outlet, type Shape } from "../graph-stage.ts";

/** One inlet; several outlets, each of its own type. */
export class TupleFanOutShape<In, Outs extends readonly unknown[]> implements Shape {
  readonly in: Inlet<In>;
  readonly outs: { readonly [K in keyof Outs]: Outlet<Outs[K]> };
  readonly inlets: readonly [Inlet<In>];
  readonly outlets: readonly Outlet<unknown>[];

  /** @param outputs As many as `Outs` has. */
  constructor(name: string, inlet: Inlet<In>, outputs: number) {
    const outs = Array.from({ length: outputs }, (_, index) => new Outlet<unknown>(`${name}.out${index}`));
    this.in = inlet;
    this.outs = outs as unknown as { readonly [K in keyof Outs]: Outlet<Outs[K]> };
    this.inlets = [inlet];
    this.outlets = outs;
  }
}
