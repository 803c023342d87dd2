import { type Attributes, GraphStage, GraphStageLogic, Inlet, Outlet } from "./graph-stage.ts";
import { FlowShape, SinkShape, SourceShape } from "./shape.ts";

/** A stage with one outlet, made of a function that makes its logic. */
export function sourceStage<Out, M = void>(
  name: string,
  create: (shape: SourceShape<Out>, attributes: Attributes) => GraphStageLogic<M>,
): GraphStage<SourceShape<Out>, M> {
  return new StageOf(name, new SourceShape(new Outlet<Out>(`${name}.out`)), create);
}

/** A stage with one inlet and one outlet, made of a function that makes its logic. */
export function flowStage<In, Out, M = void>(
  name: string,
  create: (shape: FlowShape<In, Out>, attributes: Attributes) => GraphStageLogic<M>,
  boundsCycles = false,
): GraphStage<FlowShape<In, Out>, M> {
  const shape = new FlowShape(new Inlet<In>(`${name}.in`), new Outlet<Out>(`${name}.out`));
  return new StageOf(name, shape, create, boundsCycles);
}

/** A stage with one inlet, made of a function that makes its logic. */
export function sinkStage<In, M = void>(
  name: string,
  create: (shape: SinkShape<In>, attributes: Attributes) => GraphStageLogic<M>,
): GraphStage<SinkShape<In>, M> {
  return new StageOf(name, new SinkShape(new Inlet<In>(`${name}.in`)), create);
}

/** A logic that handles its one outlet. */
export abstract class SourceLogic<Out, M = void> extends GraphStageLogic<M> {
  protected readonly out: Outlet<Out>;

  constructor(shape: SourceShape<Out>) {
    super(shape);
    this.out = shape.out;
    this.setHandler(shape.out, this);
  }

  abstract onPull(): void;
}

/** A logic that handles its inlet and its outlet, and asks for an element whenever one is asked of it. */
export abstract class FlowLogic<In, Out, M = void> extends GraphStageLogic<M> {
  protected readonly in: Inlet<In>;
  protected readonly out: Outlet<Out>;

  constructor(shape: FlowShape<In, Out>) {
    super(shape);
    this.in = shape.in;
    this.out = shape.out;
    this.setHandler(shape.in, this);
    this.setHandler(shape.out, this);
  }

  abstract onPush(): void;

  onPull(): void {
    this.pull(this.in);
  }
}

/** A logic that handles its one inlet, and asks for the first element at the start. */
export abstract class SinkLogic<In, M = void> extends GraphStageLogic<M> {
  protected readonly in: Inlet<In>;

  constructor(shape: SinkShape<In>) {
    super(shape);
    this.in = shape.in;
    this.setHandler(shape.in, this);
  }

  override preStart(): void {
    this.pull(this.in);
  }

  abstract onPush(): void;
}

class StageOf<S extends SourceShape<unknown> | FlowShape<unknown, unknown> | SinkShape<unknown>, M> extends GraphStage<
  S,
  M
> {
  override readonly name: string;
  override readonly shape: S;
  override readonly boundsCycles: boolean;
  readonly #create: (shape: S, attributes: Attributes) => GraphStageLogic<M>;

  constructor(
    name: string,
    shape: S,
    create: (shape: S, attributes: Attributes) => GraphStageLogic<M>,
    boundsCycles = false,
  ) {
    super();
    this.boundsCycles = boundsCycles;
    this.name = name;
    this.shape = shape;
    this.#create = create;
  }

  createLogic(attributes: Attributes): GraphStageLogic<M> {
    return this.#create(this.shape, attributes);
  }
}
