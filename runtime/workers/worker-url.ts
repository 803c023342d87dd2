/** @returns the module of this folder that begins a thread, as source or compiled, whichever this one is. */
export function workerUrl(name: "pool-worker" | "flow-worker"): URL {
  return new URL(`./${name}${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);
}
