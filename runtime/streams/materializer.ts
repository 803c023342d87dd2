import type { ActorSystem } from "../actors/actor-system.ts";
import { EngineError, sentenceOf } from "../errors.ts";
import type { CompositeModule, Module, PortAddress } from "./blueprint.ts";
import { type Boundary, boundary, defaultWindowMax, type OutputBoundary } from "./boundary.ts";
import { Connection } from "./connection.ts";
import { fuse } from "./fused/fuse.ts";
import type { GraphStageLogic } from "./graph-stage.ts";
import { Island } from "./island.ts";
import { StallDetector } from "./stall-detector.ts";
import type { Decider } from "./supervised-stage.ts";

type Logic = GraphStageLogic<unknown>;

export interface RunOptions {
  /** First part of the names of its actors; made unique. Default "graph". */
  readonly name?: string;
  /** Called at the first failure that no stage handled, at once; other branches may still run. */
  readonly onFailure?: (error: Error) => void;
  /** Whether stages in a row that can be run as one are. Tests turn it off to compare. Default true. */
  readonly fuse?: boolean;
  /** Events that may pass others, 0 to 16. Tests set 0 to see another order. Default 16, or what the clock chooses. */
  readonly chaseMax?: number;
  /**
   * Elements that go from one stage to the next at once, where both can and downstream has asked for so many; at least 1. Their
   * meaning is that of single elements. Default 256.
   */
  readonly chunkMax?: number;
}

export interface Materialization {
  readonly materialized: unknown;
  /** Settles once every stage has stopped: rejects with the first failure that no stage handled. */
  readonly done: Promise<void>;
  /** The stages of a cycle that can never move again, found when every island rested; empty as long as there is none. */
  readonly stalled: readonly string[];
  /** Ends every island; `done` rejects with the error, or resolves where none is given and nothing failed before. */
  stop(error?: Error): void;
}

/** Where the clock chooses: the largest `chaseMax`. */
const chaseMaxMax = 16;

/** Builds the logics of a closed module, and starts an actor for each island. */
export function materialize(module: Module, system: ActorSystem, options: RunOptions): Materialization {
  const building = new Building(options.name ?? "graph", system);
  const { materialized } = building.build(module, building.newIsland(), "");
  if (options.fuse !== false) for (const island of building.islands) fuse(island);
  return new Run(building, materialized, system, options);
}

/** The logics and connections of one island to be. */
interface IslandPlan {
  readonly logics: Logic[];
  readonly connections: Connection[];
  /** Elements that cross a boundary of it at once; where it says. */
  readonly windowMax: number | undefined;
  /** What its output boundaries call; the island answers once it is there. */
  onWritten: (output: OutputBoundary) => void;
}

/** One port of one logic. */
interface PortHandle {
  readonly logic: Logic;
  readonly index: number;
  readonly island: IslandPlan;
}

interface Built {
  readonly inlets: readonly PortHandle[];
  readonly outlets: readonly PortHandle[];
  readonly materialized: unknown;
}

class Building {
  readonly islands: IslandPlan[] = [];
  readonly boundaries: Boundary[] = [];
  readonly #graphName: string;
  readonly #system: ActorSystem;

  constructor(graphName: string, system: ActorSystem) {
    this.#graphName = graphName;
    this.#system = system;
  }

  newIsland(windowMax?: number): IslandPlan {
    const island: IslandPlan = { logics: [], connections: [], windowMax, onWritten: () => {} };
    this.islands.push(island);
    return island;
  }

  /** @param path Names given to what surrounds the module, each followed by "/", or the very name of the module. */
  build(module: Module, island: IslandPlan, path: string, decider?: Decider): Built {
    switch (module.kind) {
      case "stage": {
        const { stage } = module;
        const stageName = isInside(path) ? path + stage.name : path;
        const logic = stage.createLogic({
          name: stageName,
          system: this.#system,
          ...(decider === undefined ? {} : { decider }),
        });
        logic.stageName = stageName;
        island.logics.push(logic);
        const handles = (ports: readonly unknown[]) => ports.map((_, index) => ({ logic, index, island }));
        return {
          inlets: handles(stage.shape.inlets),
          outlets: handles(stage.shape.outlets),
          materialized: logic.materialized,
        };
      }
      case "composite":
        return this.#buildComposite(module, island, isInside(path) ? path : `${path}/`, decider);
      case "island":
        return this.build(module.inner, this.newIsland(module.settings.windowMax), path, decider);
      case "named":
        return this.build(module.inner, island, isInside(path) ? path + module.name : path, decider);
      case "supervised":
        return this.build(module.inner, island, path, module.decider);
      case "mapped": {
        const built = this.build(module.inner, island, path, decider);
        return { ...built, materialized: module.map(built.materialized) };
      }
    }
  }

  #buildComposite(module: CompositeModule, island: IslandPlan, path: string, decider: Decider | undefined): Built {
    const children = module.children.map((child) => this.build(child, island, path, decider));
    const outletAt = ({ child, port }: PortAddress) => found(children[child]?.outlets[port]);
    const inletAt = ({ child, port }: PortAddress) => found(children[child]?.inlets[port]);
    for (const wire of module.wires) this.#connect(outletAt(wire.from), inletAt(wire.to));
    return {
      inlets: module.inlets.map(inletAt),
      outlets: module.outlets.map(outletAt),
      materialized: module.combine(children.map((child) => child.materialized)),
    };
  }

  #connect(outlet: PortHandle, inlet: PortHandle): void {
    if (outlet.island === inlet.island) {
      join(outlet, inlet);
      return;
    }
    const upstream = outlet.island;
    const said = [upstream.windowMax, inlet.island.windowMax].filter((windowMax) => windowMax !== undefined);
    const windowMax = said.length === 0 ? defaultWindowMax : Math.min(...said);
    const between = boundary(windowMax, (written) => upstream.onWritten(written));
    const { output, input } = between;
    this.boundaries.push(between);
    output.stageName = `${this.#graphName}.boundary`;
    input.stageName = `${this.#graphName}.boundary`;
    outlet.island.logics.push(output);
    inlet.island.logics.push(input);
    join(outlet, { logic: output, index: 0, island: outlet.island });
    join({ logic: input, index: 0, island: inlet.island }, inlet);
  }
}

function isInside(path: string): boolean {
  return path === "" || path.endsWith("/");
}

function join(outlet: PortHandle, inlet: PortHandle): void {
  const connection = new Connection(
    outlet.logic,
    outlet.logic.stageOutHandler(outlet.index),
    inlet.logic,
    inlet.logic.stageInHandler(inlet.index),
  );
  outlet.logic.stagePorts[outlet.logic.stageInletCount + outlet.index] = connection;
  inlet.logic.stagePorts[inlet.index] = connection;
  outlet.island.connections.push(connection);
}

function found(handle: PortHandle | undefined): PortHandle {
  if (handle === undefined) {
    throw new EngineError("STAGE_FAILED", "Cannot run the graph as every port must be connected: it is not all wired");
  }
  return handle;
}

class Run implements Materialization {
  readonly materialized: unknown;
  readonly done: Promise<void>;
  readonly #islands: Island[] = [];
  readonly #system: ActorSystem;
  readonly #options: RunOptions;
  /** There where the graph has a cycle that has not stalled. */
  #detector: StallDetector | undefined;
  #stalled: readonly string[] = [];
  #left: number;
  #error: Error | undefined;
  #stopAsked = false;
  #resolve: () => void = () => {};
  #reject: (error: Error) => void = () => {};

  constructor(building: Building, materialized: unknown, system: ActorSystem, options: RunOptions) {
    this.materialized = materialized;
    this.#system = system;
    this.#options = options;
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // Whoever only looks at the materialised value reads the failure in the log.
    this.done.catch(() => {});
    const plans = building.islands.filter((plan) => plan.logics.length > 0);
    this.#left = plans.length;
    this.#detector = StallDetector.of(
      plans.flatMap((plan) => plan.connections),
      building.boundaries,
    );
    for (const plan of plans) this.#islands.push(this.#createIsland(plan));
    const name = system.uniqueName(options.name ?? "graph");
    this.#islands.forEach((island, index) => {
      island.start(this.#islands.length === 1 ? name : `${name}-${index}`);
    });
    if (this.#left === 0) this.#resolve();
  }

  get stalled(): readonly string[] {
    return this.#stalled;
  }

  stop(error?: Error): void {
    if (this.#left === 0 || this.#stopAsked) return;
    this.#stopAsked = true;
    this.#error ??= error;
    for (const island of this.#islands) island.stop();
  }

  #createIsland(plan: IslandPlan): Island {
    const chaseMax = this.#options.chaseMax ?? this.#system.clock.choose?.(chaseMaxMax + 1);
    const island = new Island({
      logics: plan.logics,
      connections: plan.connections,
      system: this.#system,
      onFailure: (error) => this.#onFailure(error),
      onStopped: (completed) => this.#onStopped(completed),
      ...(this.#detector === undefined ? {} : { onParked: () => this.#onParked() }),
      ...(chaseMax === undefined ? {} : { chaseMax }),
      ...(this.#options.chunkMax === undefined ? {} : { chunkMax: this.#options.chunkMax }),
    });
    plan.onWritten = island.onWritten;
    return island;
  }

  #onParked(): void {
    if (this.#detector === undefined || this.#stopAsked || !this.#islands.every((island) => island.parked)) return;
    this.#stalled = this.#detector.stalled();
    if (this.#stalled.length === 0) return;
    this.#detector = undefined;
    const fields = { stream: this.#options.name, stages: this.#stalled.join(", ") };
    this.#system.log.warn("A cycle of a stream has stalled: each of its stages waits for the next", fields);
  }

  #onFailure(error: Error): void {
    // What falls over after the first failure, or after it was stopped, follows from that.
    if (this.#error !== undefined || this.#stopAsked) return;
    this.#error = error;
    if (this.#options.onFailure !== undefined) this.#options.onFailure(error);
    else this.#system.log.error("A stream failed", { stream: this.#options.name, error: sentenceOf(error) });
  }

  #onStopped(completed: boolean): void {
    if (!completed && !this.#stopAsked) {
      this.#onFailure(
        new EngineError("STREAM_STOPPED", "Cannot go on with the stream as its actors must run: one was stopped"),
      );
    }
    this.#left -= 1;
    if (this.#left > 0) return;
    if (this.#error === undefined) this.#resolve();
    else this.#reject(this.#error);
  }
}
