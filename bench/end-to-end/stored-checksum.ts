import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import type { Checksum } from "../checksum.ts";
import { sensorsChecksum } from "../sensors-checksum.ts";

/** The rows that an embedded store holds, of which each must be counted in its day. */
export async function storedChecksum(path: string): Promise<Checksum> {
  const store = await openEmbeddedStore(path, { readOnly: true });
  try {
    return await sensorsChecksum(store);
  } finally {
    await store.close();
  }
}
