/** Where a plugin has what it brings: what its errors name, and what a worker thread loads. */
export interface PluginOrigin {
  /** As the graph file names it: a path or a package. */
  readonly plugin: string;
  /** URL of the module. */
  readonly module: string;
  /** Name of the export. */
  readonly exportName: string;
}

/** `the derivator "range" (export "range" of the plugin "./comfort.js")` */
export function withOrigin(what: string, origin: PluginOrigin | undefined): string {
  return origin === undefined ? what : `${what} (export "${origin.exportName}" of the plugin "${origin.plugin}")`;
}
