import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder that is not there yet, inside a new one, and what removes both. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const parent = await mkdtemp(join(tmpdir(), "millrace-"));
  return { path: join(parent, "data.folder"), remove: () => rm(parent, { recursive: true, force: true }) };
}
