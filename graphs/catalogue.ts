import type {
  BlockDefinition,
  BufferDefinition,
  ComponentDefinition,
  CompositeDefinition,
  SinkDefinition,
  SourceDefinition,
  StoreDefinition,
} from "../blocks/model/component.ts";
import { builtInTypes } from "../blocks/model/data-type.ts";
import type { AnyDerivation } from "../blocks/model/derivation.ts";
import type { AnyDerivator } from "../blocks/model/derivator.ts";
import type { TypeDefinition } from "../blocks/model/type-definition.ts";
import { EngineError } from "../runtime/errors.ts";

/** Everything a graph file can name: the built-in components and those of plugins, by section and type. */
export class Catalogue {
  readonly sources = new Map<string, SourceDefinition>();
  readonly buffers = new Map<string, BufferDefinition>();
  readonly blocks = new Map<string, BlockDefinition | CompositeDefinition>();
  readonly sinks = new Map<string, SinkDefinition>();
  readonly stores = new Map<string, StoreDefinition>();
  readonly derivators: AnyDerivator[] = [];
  readonly derivations: AnyDerivation[] = [];
  readonly types = new Map<string, TypeDefinition>();

  /** @throws {EngineError} `PLUGIN_INVALID` where the section has that type already. */
  add(definition: ComponentDefinition | AnyDerivator | AnyDerivation | TypeDefinition): void {
    switch (definition.kind) {
      case "source":
        put(this.sources, definition);
        break;
      case "buffer":
        put(this.buffers, definition);
        break;
      case "block":
      case "composite":
        put(this.blocks, definition);
        break;
      case "sink":
        put(this.sinks, definition);
        break;
      case "store":
        put(this.stores, definition);
        break;
      case "type":
        if (this.types.has(definition.name) || builtInTypes.some((name) => name === definition.name)) {
          throw taken(definition.kind, definition.name);
        }
        this.types.set(definition.name, definition);
        break;
      case "derivator":
        push(this.derivators, definition);
        break;
      case "derivation":
        push(this.derivations, definition);
    }
  }
}

function put<D extends { readonly kind: string; readonly type: string }>(map: Map<string, D>, definition: D): void {
  if (map.has(definition.type)) throw taken(definition.kind, definition.type);
  map.set(definition.type, definition);
}

function push<D extends { readonly kind: string; readonly name: string }>(list: D[], definition: D): void {
  if (list.some((known) => known.name === definition.name)) throw taken(definition.kind, definition.name);
  list.push(definition);
}

function taken(kind: string, name: string): EngineError {
  return new EngineError("PLUGIN_INVALID", `Cannot add the ${kind} "${name}" as there is one of that name already`);
}
