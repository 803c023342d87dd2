/** Arguments of Node for threads that load the sources as they are. */
export const threadArguments: readonly string[] = [
  "--import",
  new URL("./typescript-loader.mjs", import.meta.url).href,
];
