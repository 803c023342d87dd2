import { open } from "node:fs/promises";
import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { EngineError, sentenceOf } from "./errors.ts";

/** What a file source reads ahead of its reader: one read of the disk. */
const readBytesMax = 65_536;

/**
 * Opens a file as a stream of bytes: inflated where the name ends in `.gz`, standard input where the path is `-`.
 * The stream reads on demand and closes the file when it ends or is destroyed.
 *
 * @throws {EngineError} `PATH_UNREADABLE` when there is no such file, it is a folder, or it may not be read.
 */
export async function openInput(path: string): Promise<Readable> {
  if (path === "-") return openStandardInput();
  const handle = await open(path, "r").catch((cause: unknown) => {
    throw unreadable(path, cause);
  });
  if ((await handle.stat()).isDirectory()) {
    await handle.close();
    throw new EngineError("PATH_UNREADABLE", `Cannot read "${path}" as a file is needed: it is a folder`);
  }
  const file = handle.createReadStream({ highWaterMark: readBytesMax });
  if (!path.endsWith(".gz")) return file;
  // The error reaches the reader through the inflating stream, which pipeline destroys with it.
  return pipeline(file, createGunzip({ chunkSize: readBytesMax }), () => {});
}

/** The fault of the world behind an error that reading `path` gave. */
export function unreadable(path: string, cause: unknown): EngineError {
  if (cause instanceof EngineError) return cause;
  return new EngineError("PATH_UNREADABLE", `Cannot read "${path}": ${sentenceOf(cause)}`, { cause });
}

function openStandardInput(): Readable {
  if (process.stdin.readableEnded || process.stdin.destroyed) {
    throw new EngineError("PATH_UNREADABLE", 'Cannot read "-" again as standard input can be read only once');
  }
  return process.stdin;
}
