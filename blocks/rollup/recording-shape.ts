import { Inlet, Outlet, type Shape } from "../../runtime/streams/graph-stage.ts";
import type { DeadLetterChunk } from "../model/dead-letter.ts";
import type { ObservationChunk } from "../model/observation-chunk.ts";
import type { BucketUpdates, TagUpdates } from "./updates.ts";

/** Ports of a block that records observations: those outlets that something listens to. */
export class RecordingShape implements Shape {
  readonly in = new Inlet<ObservationChunk>("in");
  readonly observations: Outlet<ObservationChunk> | undefined;
  readonly updates: Outlet<BucketUpdates> | undefined;
  readonly tags: Outlet<TagUpdates> | undefined;
  readonly rejected: Outlet<DeadLetterChunk> | undefined;

  constructor(outlets: ReadonlySet<string>) {
    this.observations = outlets.has("observations") ? new Outlet("observations") : undefined;
    this.updates = outlets.has("updates") ? new Outlet("updates") : undefined;
    this.tags = outlets.has("tags") ? new Outlet("tags") : undefined;
    this.rejected = outlets.has("rejected") ? new Outlet("rejected") : undefined;
  }

  get inlets() {
    return [this.in];
  }

  get outlets() {
    return [this.observations, this.updates, this.tags, this.rejected].filter((outlet) => outlet !== undefined);
  }
}
