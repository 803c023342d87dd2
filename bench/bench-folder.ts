import { mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";

/** A new folder on the disk of the working directory: a temporary folder of the system may be memory. */
export async function benchFolder(): Promise<string> {
  await mkdir("data", { recursive: true });
  return mkdtemp(join("data", "bench-"));
}
