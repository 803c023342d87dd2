import { readFileSync } from "node:fs";
import { packageFolder } from "./package-folder.ts";

/** The version of this package, as its `package.json` has it. */
export function version(): string {
  return JSON.parse(readFileSync(new URL("package.json", packageFolder), "utf8")).version;
}
