import { Worker, type WorkerOptions } from "node:worker_threads";
import type { SystemResource, SystemResources } from "../../actors/system-resources.ts";
import { EngineError, sentenceOf } from "../../errors.ts";
import type { FlowWorkerData } from "../../workers/flow-worker.ts";
import { workerUrl } from "../../workers/worker-url.ts";
import type { GraphStage } from "../graph-stage.ts";
import { flowStage } from "../linear-stage.ts";
import { type LinkPort, PortLink } from "../port-link.ts";
import type { FlowShape } from "../shape.ts";

export interface InWorkerSettings {
  /** Handed to the export where that is a function; copied. */
  readonly argument?: unknown;
  /** Arguments of Node for the thread, such as a loader. Default: those of the process. */
  readonly execArgv?: readonly string[];
}

/**
 * Runs the flow that a module exports in a thread of its own.
 *
 * Emits:         what that flow emits.
 * Backpressures: when that flow does and 16 elements are on their way to it.
 * Completes:     when that flow completes and its last element is emitted; a failure overtakes them, with its code and sentence.
 * Cancels:       when that flow cancels; it hears of it when downstream cancels.
 * State:         one thread a run, which ends with the stage; 16 elements each way, sent as one message a turn.
 * Delivery:      that of the flow; elements are copied except what `move` marks. A thread that ends fails the stage, and what
 *                was in it is gone.
 *
 * @param module URL of a module that a thread can load.
 * @param exportName Of a flow, or of a function that makes one.
 */
export function inWorker<In, Out>(
  module: URL,
  exportName: string,
  settings: InWorkerSettings = {},
): GraphStage<FlowShape<In, Out>> {
  const data: FlowWorkerData = { module: module.href, exportName, argument: settings.argument };
  const { execArgv } = settings;
  const options = { workerData: data, ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }) };
  return flowStage<In, Out>("inWorker", (shape, { system }) => new InWorkerLogic(shape, options, system.resources));
}

class InWorkerLogic<In, Out> extends PortLink<In, Out> implements SystemResource {
  readonly #options: WorkerOptions & { readonly workerData: FlowWorkerData };
  readonly #resources: SystemResources;
  readonly #onEnded: (why: string) => void;
  #worker: Worker | undefined;

  constructor(
    shape: FlowShape<In, Out>,
    options: WorkerOptions & { readonly workerData: FlowWorkerData },
    resources: SystemResources,
  ) {
    super(shape);
    this.#options = options;
    this.#resources = resources;
    this.#onEnded = this.getAsyncCallback((why) => {
      // What it sent before has come before.
      if (this.otherSideEnded) return;
      const { exportName } = options.workerData;
      const sentence = `Cannot run "${exportName}" in a worker as its thread must run: it is ${why}`;
      this.failStage(new EngineError("WORKER_FAILED", sentence));
    });
  }

  protected open(): LinkPort {
    const worker = new Worker(workerUrl("flow-worker"), this.#options);
    this.#worker = worker;
    this.#resources.add(this);
    worker.on("error", (error) => this.#onEnded(`at fault: "${sentenceOf(error)}"`));
    worker.on("exit", (code) => {
      this.#resources.remove(this);
      this.#onEnded(`gone, with exit code ${code}`);
    });
    return worker;
  }

  override postStop(): void {
    super.postStop();
    void this.close();
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }
}
