import type {
  BlockDefinition,
  BufferDefinition,
  CompositeDefinition,
  ElementKind,
  SinkDefinition,
  SourceDefinition,
  StoreDefinition,
} from "../blocks/model/component.ts";
import type { GraphFile } from "../config/graph-file.ts";
import type { GraphNode } from "../config/graph-node.ts";

/** A node that runs: a source, buffer, block or sink. Composites are expanded into their blocks. */
export interface PlannedNode {
  /** Unique; `composite/block` where it came out of a composite. */
  readonly name: string;
  readonly definition: SourceDefinition | BufferDefinition | BlockDefinition | SinkDefinition;
  readonly settings: unknown;
}

/** One wire between running nodes. */
export interface Wire {
  readonly from: PlannedNode;
  readonly outlet: string;
  readonly kind: ElementKind;
  readonly to: PlannedNode;
}

/**
 * The part of the graph between two resting places: it runs as one actor per partition. Its wires include those that come out
 * of a buffer and those that go into one.
 */
export interface Segment {
  /** The name of its first node in the file: stable while the file is edited elsewhere. */
  readonly name: string;
  /** Without buffers. */
  readonly nodes: readonly PlannedNode[];
  readonly wires: readonly Wire[];
  /** Buffers it reads. */
  readonly reads: readonly PlannedNode[];
  /** Buffers it fills. */
  readonly fills: readonly PlannedNode[];
}

/** A checked graph file made ready to run. */
export interface Plan {
  readonly graph: GraphFile;
  readonly stores: ReadonlyMap<string, { readonly definition: StoreDefinition; readonly settings: unknown }>;
  readonly buffers: readonly PlannedNode[];
  readonly segments: readonly Segment[];
  readonly wires: readonly Wire[];
  /** As the file has them, for drawing: composites are one node. */
  readonly drawn: DrawnGraph;
}

export interface DrawnGraph {
  readonly nodes: readonly { readonly name: string; readonly section: GraphNode["section"]; readonly type: string }[];
  readonly edges: readonly {
    readonly from: string;
    readonly outlet: string;
    readonly kind: ElementKind | "writes";
    readonly to: string;
  }[];
}

/** A node as the file has it, with what is known of its type. */
export interface FileNode {
  readonly node: GraphNode;
  readonly definition: SourceDefinition | BufferDefinition | BlockDefinition | CompositeDefinition | SinkDefinition;
}

/** A wire as the file has it, resolved. */
export interface FileWire {
  readonly from: FileNode;
  readonly outlet: string;
  readonly kind: ElementKind;
  readonly to: FileNode;
}

/** The outlets of a node by name; the first is the one meant by the bare node name. */
export function outletsOf(definition: FileNode["definition"]): Readonly<Record<string, ElementKind>> {
  switch (definition.kind) {
    case "source":
      return { observations: "observations", rejected: "dead-letters" };
    case "buffer":
      return { observations: "observations" };
    case "block":
    case "composite":
      return definition.outlets;
    case "sink":
      return {};
  }
}

/** What a node takes at `from`. */
export function acceptedBy(definition: FileNode["definition"]): readonly ElementKind[] {
  if (definition.kind === "source") return [];
  return definition.kind === "buffer" ? ["observations"] : definition.accepts;
}
