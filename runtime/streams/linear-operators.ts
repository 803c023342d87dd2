import type { Graph } from "./graph-stage.ts";
import { buffer, type OverflowStrategy } from "./operators/buffer.ts";
import { filter } from "./operators/filter.ts";
import { fold } from "./operators/fold.ts";
import { grouped } from "./operators/grouped.ts";
import { groupedWithin } from "./operators/grouped-within.ts";
import { log } from "./operators/log.ts";
import { map } from "./operators/map.ts";
import { mapAsync } from "./operators/map-async.ts";
import { mapConcat } from "./operators/map-concat.ts";
import { recover } from "./operators/recover.ts";
import { scan } from "./operators/scan.ts";
import { statefulMap } from "./operators/stateful-map.ts";
import { take } from "./operators/take.ts";
import type { FlowShape } from "./shape.ts";

/** Says which blueprint an operator gives: a source stays a source, a flow stays a flow. */
export interface BlueprintKind {
  readonly out: unknown;
  readonly blueprint: unknown;
}

type BlueprintOf<K extends BlueprintKind, Out> = (K & { readonly out: Out })["blueprint"];

/** The operators that sources and flows share. What each promises is said where it is made, in `operators/`. */
export abstract class LinearOperators<Out, K extends BlueprintKind> {
  /** Attaches a flow; its materialised value is dropped. */
  abstract via<T>(flow: Graph<FlowShape<Out, T>, unknown>): BlueprintOf<K, T>;

  /** {@link map} */
  map<T>(change: (element: Out) => T): BlueprintOf<K, T> {
    return this.via(map(change));
  }

  /** {@link filter} */
  filter(keeps: (element: Out) => boolean): BlueprintOf<K, Out> {
    return this.via(filter(keeps));
  }

  /** {@link mapConcat} */
  mapConcat<T>(expand: (element: Out) => Iterable<T>): BlueprintOf<K, T> {
    return this.via(mapConcat(expand));
  }

  /** {@link take} */
  take(count: number): BlueprintOf<K, Out> {
    return this.via(take<Out>(count));
  }

  /** {@link mapAsync} */
  mapAsync<T>(parallelism: number, change: (element: Out) => Promise<T> | T): BlueprintOf<K, T> {
    return this.via(mapAsync(parallelism, change));
  }

  /** {@link statefulMap} */
  statefulMap<T>(create: () => (element: Out) => T): BlueprintOf<K, T> {
    return this.via(statefulMap(create));
  }

  /** {@link fold} */
  fold<T>(zero: T, add: (sum: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(fold(zero, add));
  }

  /** {@link scan} */
  scan<T>(zero: T, add: (sum: T, element: Out) => T): BlueprintOf<K, T> {
    return this.via(scan(zero, add));
  }

  /** {@link grouped} */
  grouped(count: number): BlueprintOf<K, Out[]> {
    return this.via(grouped<Out>(count));
  }

  /** {@link groupedWithin} */
  groupedWithin(count: number, intervalMs: number): BlueprintOf<K, Out[]> {
    return this.via(groupedWithin<Out>(count, intervalMs));
  }

  /** {@link buffer} */
  buffer(elementsMax: number, strategy: OverflowStrategy): BlueprintOf<K, Out> {
    return this.via(buffer<Out>(elementsMax, strategy));
  }

  /** {@link log} */
  log(sentence: string): BlueprintOf<K, Out> {
    return this.via(log<Out>(sentence));
  }

  /** {@link recover} */
  recover<T>(last: (error: Error) => T | undefined): BlueprintOf<K, Out | T> {
    return this.via(recover<Out, T>(last));
  }
}
