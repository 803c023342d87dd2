import { existsSync } from "node:fs";

/** The folder of this package; compiled, this file is one level deeper than in the sources. */
export const packageFolder = new URL(
  existsSync(new URL("../package.json", import.meta.url)) ? "../" : "../../",
  import.meta.url,
);
