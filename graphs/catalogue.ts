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
import type { PluginOrigin } from "../config/plugin-origin.ts";
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
  readonly #valueNames: ReadonlySet<string>;

  /** @param valueNames What blocks and queries compute without being told, which no derivator may be called. */
  constructor(valueNames: ReadonlySet<string> = new Set()) {
    this.#valueNames = valueNames;
  }

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
        if (builtInTypes.some((name) => name === definition.name)) refuse(definition.kind, definition.name, {});
        refuse(definition.kind, definition.name, this.types.get(definition.name));
        this.types.set(definition.name, definition);
        break;
      case "derivator":
        if (this.#valueNames.has(definition.name)) refuse(definition.kind, definition.name, {});
        push(this.derivators, definition);
        break;
      case "derivation":
        push(this.derivations, definition);
    }
  }
}

interface Known {
  readonly kind: string;
  readonly origin?: PluginOrigin;
}

function put<D extends Known & { readonly type: string }>(map: Map<string, D>, definition: D): void {
  refuse(definition.kind, definition.type, map.get(definition.type));
  map.set(definition.type, definition);
}

function push<D extends Known & { readonly name: string }>(list: D[], definition: D): void {
  const known = list.find(({ name }) => name === definition.name);
  refuse(definition.kind, definition.name, known);
  list.push(definition);
}

/** @throws {EngineError} where the name is taken by `known`. */
function refuse(kind: string, name: string, known: { readonly origin?: PluginOrigin } | undefined): void {
  if (known === undefined) return;
  const owner = known.origin === undefined ? "it is built in" : `the plugin "${known.origin.plugin}" brings it`;
  const sentence = `Cannot add the ${kind} "${name}" as there is one of that name already: ${owner}`;
  throw new EngineError("PLUGIN_INVALID", sentence);
}
