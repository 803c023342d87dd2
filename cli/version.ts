import { readFileSync } from "node:fs";

/** The version of this package, as its `package.json` has it. */
export function version(): string {
  // Compiled, this file is one level deeper than in the sources.
  for (const up of ["../package.json", "../../package.json"]) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(up, import.meta.url), "utf8"));
      if (name === "millrace") return version;
    } catch {
      // The other place has it.
    }
  }
  return "unknown";
}
