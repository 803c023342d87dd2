import type { ActorSystem } from "../actors/actor-system.ts";
import type { Module } from "./blueprint.ts";
import type { Graph } from "./graph-stage.ts";
import { materialize, type RunOptions } from "./materializer.ts";
import { ClosedShape } from "./shape.ts";
import type { Decider } from "./supervised-stage.ts";

/** One run of a graph, for whoever supervises it. */
export interface RunningGraph<out Mat> {
  readonly materialized: Mat;
  /** Settles once every stage has stopped: rejects with the first failure that no stage handled. */
  readonly done: Promise<void>;
  /** The stages of a cycle that can never move again, once that was found and logged; empty as long as there is none. */
  readonly stalled: readonly string[];
  /**
   * Ends every stage at once; what is under way is gone. `done` then rejects with `error`, or resolves where none is given and
   * nothing had failed.
   */
  stop(error?: Error): void;
}

/** A graph without open ports. Immutable; each `run` is a run of its own. */
export class RunnableGraph<out Mat> implements Graph<ClosedShape, Mat> {
  readonly shape = new ClosedShape();
  readonly module: Module;
  declare readonly "~materialized"?: Mat;

  constructor(module: Module) {
    this.module = module;
  }

  /** A closed blueprint made elsewhere. */
  static fromGraph<Mat>(graph: Graph<ClosedShape, Mat>): RunnableGraph<Mat> {
    return new RunnableGraph<Mat>(graph.module);
  }

  mapMaterializedValue<T>(map: (materialized: Mat) => T): RunnableGraph<T> {
    return new RunnableGraph<T>({ kind: "mapped", inner: this.module, map: map as (value: unknown) => unknown });
  }

  /** The first part of the names of its stages, in errors and logs. */
  named(name: string): RunnableGraph<Mat> {
    return new RunnableGraph<Mat>({ kind: "named", inner: this.module, name });
  }

  /** {@link Decider}: what supervised stages in it do when their function throws. A decider set nearer to a stage counts. */
  withSupervision(decider: Decider): RunnableGraph<Mat> {
    return new RunnableGraph<Mat>({ kind: "supervised", inner: this.module, decider });
  }

  /** Starts it. A failure that no stage handled is logged. */
  run(system: ActorSystem, options: RunOptions = {}): Mat {
    return materialize(this.module, system, options).materialized as Mat;
  }

  /** Starts it and says when and how it ended. */
  runWatched(system: ActorSystem, options: RunOptions = {}): RunningGraph<Mat> {
    // The caller hears of failures through `done`.
    return materialize(this.module, system, { onFailure: () => {}, ...options }) as RunningGraph<Mat>;
  }
}
