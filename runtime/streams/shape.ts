import { Inlet, Outlet, type Shape } from "./graph-stage.ts";

/** One outlet. */
export class SourceShape<out Out> implements Shape {
  readonly out: Outlet<Out>;
  readonly inlets: readonly [];
  readonly outlets: readonly [Outlet<Out>];

  constructor(out: Outlet<Out>) {
    this.out = out;
    this.inlets = [];
    this.outlets = [out];
  }
}

/** One inlet. */
export class SinkShape<In> implements Shape {
  readonly in: Inlet<In>;
  readonly inlets: readonly [Inlet<In>];
  readonly outlets: readonly [];

  constructor(inlet: Inlet<In>) {
    this.in = inlet;
    this.inlets = [inlet];
    this.outlets = [];
  }
}

/** One inlet, one outlet. */
export class FlowShape<In, out Out> implements Shape {
  readonly in: Inlet<In>;
  readonly out: Outlet<Out>;
  readonly inlets: readonly [Inlet<In>];
  readonly outlets: readonly [Outlet<Out>];

  constructor(inlet: Inlet<In>, out: Outlet<Out>) {
    this.in = inlet;
    this.out = out;
    this.inlets = [inlet];
    this.outlets = [out];
  }
}

/** Several inlets of one type, one outlet. */
export class FanInShape<In, out Out> implements Shape {
  readonly ins: readonly Inlet<In>[];
  readonly out: Outlet<Out>;
  readonly inlets: readonly Inlet<In>[];
  readonly outlets: readonly [Outlet<Out>];

  constructor(ins: readonly Inlet<In>[], out: Outlet<Out>) {
    this.ins = ins;
    this.out = out;
    this.inlets = ins;
    this.outlets = [out];
  }
}

/** One inlet, several outlets of one type. */
export class FanOutShape<In, out Out> implements Shape {
  readonly in: Inlet<In>;
  readonly outs: readonly Outlet<Out>[];
  readonly inlets: readonly [Inlet<In>];
  readonly outlets: readonly Outlet<Out>[];

  constructor(inlet: Inlet<In>, outs: readonly Outlet<Out>[]) {
    this.in = inlet;
    this.outs = outs;
    this.inlets = [inlet];
    this.outlets = outs;
  }
}

/** No port: it can run. */
export class ClosedShape implements Shape {
  readonly inlets: readonly [] = [];
  readonly outlets: readonly [] = [];
}

/** The same shape with fresh ports, so that one stage can stand in a graph twice. */
export function copyOf<S extends Shape>(shape: S): S {
  const copies = new Map<unknown, unknown>();
  for (const inlet of shape.inlets) copies.set(inlet, new Inlet(inlet.name));
  for (const outlet of shape.outlets) copies.set(outlet, new Outlet(outlet.name));
  const copy = Object.create(Object.getPrototypeOf(shape)) as S;
  for (const [key, value] of Object.entries(shape)) Object.assign(copy, { [key]: copyOfField(value, copies) });
  return copy;
}

function copyOfField(value: unknown, copies: ReadonlyMap<unknown, unknown>): unknown {
  const port = copies.get(value);
  if (port !== undefined) return port;
  if (Array.isArray(value)) return value.map((item) => copyOfField(item, copies));
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copyOfField(item, copies)]));
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyOfField(item, copies)]));
  }
  return value;
}
