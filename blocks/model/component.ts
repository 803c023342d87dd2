import type { Observable } from "rxjs";
import type { z } from "zod";
import type { Clock } from "../../runtime/clock/clock.ts";
import type { Log } from "../../runtime/log.ts";
import type { GraphStage } from "../../runtime/streams/graph-stage.ts";
import type { Sink } from "../../runtime/streams/sink.ts";
import type { Source } from "../../runtime/streams/source.ts";
import type { AggregationChunk } from "./aggregation.ts";
import type { BucketRules } from "./bucket-rules.ts";
import type { Buffer } from "./buffer.ts";
import type { DeadLetterChunk } from "./dead-letter.ts";
import type { AnyDerivation } from "./derivation.ts";
import type { AnyDerivator } from "./derivator.ts";
import type { HeavyRunner } from "./heavy-task.ts";
import type { ObservationChunk } from "./observation-chunk.ts";
import type { SeriesTable } from "./series.ts";
import type { Store } from "./store.ts";

/** Settings are declared once, as a schema made with `config/declare.ts`; everything else follows from it. */
export type SettingsSchema = z.ZodObject;

/** What can flow along a wire of the graph. */
export type ElementKind = "observations" | "updates" | "tags" | "aggregations" | "dead-letters";

/** What a node is given besides its settings: time, chance and the outside all arrive here. */
export interface ComponentContext {
  readonly graph: string;
  readonly node: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The one table of the graph. */
  readonly table: SeriesTable;
}

/** How sure it is that what a source saw is never lost, in one word for `millrace explain`. */
export type DeliveryGuarantee = "at-least-once" | "at-most-once";

export type SourceElement = ObservationChunk | DeadLetterChunk;

export interface SourceContext extends ComponentContext {
  /**
   * What a source keeps while its segment fails and starts again, such as its place in a group of consumers: made at the first
   * call, the same at each later one, and closed when the engine stops, after everything handed in has settled.
   */
  lasting<T extends { close(): Promise<void> }>(make: () => Promise<T>): Promise<T>;
}

export interface SourceDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "source";
  readonly type: string;
  /** One sentence for the reference page. */
  readonly summary: string;
  readonly delivery: DeliveryGuarantee;
  /** Whether it ends by itself, with these settings: `run --until-idle` waits for it. */
  finite(settings: z.output<S>): boolean;
  readonly settings: S;
  /** A command that hands something in, for whoever starts the graph for the first time. */
  feed?(settings: z.output<S>): string;
  /**
   * Acquires what it needs (a port, a file) and fails if it cannot, with one clear sentence.
   * Each chunk comes with a receipt of its own making; it acknowledges its sender when that is settled.
   */
  open(settings: z.output<S>, context: SourceContext): Promise<Source<SourceElement, unknown>>;
}

export type SinkElement = ObservationChunk | AggregationChunk | DeadLetterChunk;

export interface SinkDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "sink";
  readonly type: string;
  readonly summary: string;
  readonly accepts: readonly ElementKind[];
  readonly settings: S;
  /** The sink says `durable` and releases each element's receipt once it is at rest outside. */
  open(settings: z.output<S>, context: ComponentContext): Promise<Sink<SinkElement, unknown>>;
}

export interface StoreDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "store";
  readonly type: string;
  readonly summary: string;
  readonly settings: S;
  open(settings: z.output<S>, context: ComponentContext): Promise<Store>;
  /** Opens it for reading, beside an engine that owns it or without one. Absent where another process cannot read it. */
  openReadOnly?(settings: z.output<S>): Promise<Store>;
  /** Where the engine that owns it answers queries; undefined where none runs. Absent where nobody owns it. */
  engineAddress?(settings: z.output<S>): Promise<string | undefined>;
}

export interface BufferDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "buffer";
  readonly type: string;
  readonly summary: string;
  /** Survives `kill -9`. */
  readonly durable: boolean;
  readonly settings: S;
  open(settings: z.output<S>, context: ComponentContext): Promise<Buffer>;
  /** As of a store. */
  engineAddress?(settings: z.output<S>): Promise<string | undefined>;
}

export interface BlockContext extends ComponentContext {
  /** The stores of the graph that the settings name. */
  store(name: string): Store;
  /** Outlets that something listens to; the stage has exactly these. */
  readonly outlets: ReadonlySet<string>;
  /** All that there are: the built-in ones and those of plugins. */
  readonly derivators: readonly AnyDerivator[];
  readonly derivations: readonly AnyDerivation[];
  /** Runs heavy derivators in threads; absent: they run in place. */
  readonly heavy?: HeavyRunner;
  /** How the graph cuts time into buckets. */
  readonly buckets: BucketRules;
  /**
   * What blocks of one run have in common: made by the first that asks for the key. One writer per series is kept that way where
   * two blocks write one series.
   */
  shared<T>(key: string, make: () => T): T;
  /** Someone wants to read what the block holds back: it should go to the store now. */
  readonly flushes: Observable<void>;
}

export interface BlockDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "block";
  readonly type: string;
  readonly summary: string;
  /** What it takes at `from`. */
  readonly accepts: readonly ElementKind[];
  /** Its outlets by name; the first is the one meant by the bare node name. */
  readonly outlets: Readonly<Record<string, ElementKind>>;
  /** On a cycle: whether it drops, limits or buffers, so that the cycle cannot fill up. */
  readonly bounds: boolean;
  readonly settings: S;
  /** A stage with one inlet called `in` and the outlets of `context.outlets`, by name. */
  open(settings: z.output<S>, context: BlockContext): GraphStage;
}

/** A wire inside a composite: `from` is `node.outlet`, or `in` for what the composite gets; `to` is a node. */
export interface CompositeWire {
  readonly from: string;
  readonly to: string;
}

/** What a composite stands for. Node names are local; the graph prefixes them with the composite's own. */
export interface Expansion {
  readonly nodes: Readonly<
    Record<string, { readonly type: string; readonly settings: Readonly<Record<string, unknown>> }>
  >;
  readonly wires: readonly CompositeWire[];
  /** By outlet of the composite: the `node.outlet`s that feed it. */
  readonly outlets: Readonly<Record<string, readonly string[]>>;
}

/** Shorthand for several blocks. */
export interface CompositeDefinition<S extends SettingsSchema = SettingsSchema> {
  readonly kind: "composite";
  readonly type: string;
  readonly summary: string;
  readonly accepts: readonly ElementKind[];
  readonly outlets: Readonly<Record<string, ElementKind>>;
  readonly bounds: boolean;
  readonly settings: S;
  /** @param outlets Outlets that something listens to. */
  expand(settings: z.output<S>, outlets: ReadonlySet<string>): Expansion;
}

export type ComponentDefinition =
  | SourceDefinition
  | SinkDefinition
  | StoreDefinition
  | BufferDefinition
  | BlockDefinition
  | CompositeDefinition;

export const defineSource = <S extends SettingsSchema>(given: Omit<SourceDefinition<S>, "kind">) =>
  ({ kind: "source", ...given }) as const satisfies SourceDefinition<S>;
export const defineSink = <S extends SettingsSchema>(given: Omit<SinkDefinition<S>, "kind">) =>
  ({ kind: "sink", ...given }) as const satisfies SinkDefinition<S>;
export const defineStore = <S extends SettingsSchema>(given: Omit<StoreDefinition<S>, "kind">) =>
  ({ kind: "store", ...given }) as const satisfies StoreDefinition<S>;
export const defineBuffer = <S extends SettingsSchema>(given: Omit<BufferDefinition<S>, "kind">) =>
  ({ kind: "buffer", ...given }) as const satisfies BufferDefinition<S>;
export const defineBlock = <S extends SettingsSchema>(given: Omit<BlockDefinition<S>, "kind">) =>
  ({ kind: "block", ...given }) as const satisfies BlockDefinition<S>;
export const defineComposite = <S extends SettingsSchema>(given: Omit<CompositeDefinition<S>, "kind">) =>
  ({ kind: "composite", ...given }) as const satisfies CompositeDefinition<S>;
