/** What a plugin can be begun with, each a folder of templates. */
export const pluginKinds = ["derivator", "derivation", "source", "sink", "block", "type", "store", "buffer"] as const;
export type PluginKind = (typeof pluginKinds)[number];
