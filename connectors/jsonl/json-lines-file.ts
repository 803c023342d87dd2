import { Buffer } from "node:buffer";
import { type FileHandle, mkdir, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";

/** A torn line is looked for this far from the end; no line that the engine writes comes near it. */
const tornBytesMax = 64 * 1024 * 1024;
const scanBytes = 65_536;
const newline = 10;

/**
 * A file of JSON lines that grows at its end and survives a crash: what `append` acknowledged is on the disk, and a line that
 * a crash tore is cut off when the file is opened again (its rows were not acknowledged, so they come again). A last line that
 * is whole and only lacks its end is completed.
 *
 * Not more than `bytesMax` bytes: an append that would pass it first renames the file to `<path>.1`, over the one of that name,
 * so the newest lines are kept and the disk holds at most twice the maximum (and one append that alone is larger).
 * One process writes a file; whoever has it open in that process makes one append at a time.
 */
export class JsonLinesFile {
  readonly path: string;
  readonly #bytesMax: number;
  #handle: FileHandle;
  #bytes: number;

  /** @throws {EngineError} `PATH_UNREADABLE` when the file cannot be written. */
  static async open(path: string, bytesMax = Number.POSITIVE_INFINITY): Promise<JsonLinesFile> {
    const handle = await openInFolder(path).catch((cause: unknown) => {
      throw unwritable(path, cause);
    });
    try {
      const bytes = await mended(handle);
      await syncFolder(path);
      return new JsonLinesFile(path, bytesMax, handle, bytes);
    } catch (cause) {
      await handle.close();
      throw unwritable(path, cause);
    }
  }

  private constructor(path: string, bytesMax: number, handle: FileHandle, bytes: number) {
    this.path = path;
    this.#bytesMax = bytesMax;
    this.#handle = handle;
    this.#bytes = bytes;
  }

  /**
   * @param lines Whole lines, each with its end.
   * @returns resolves once they are on the disk.
   * @throws {EngineError} `PATH_UNREADABLE`, retryable: a part of the lines may be in the file, none is acknowledged.
   */
  async append(lines: string): Promise<void> {
    const bytes = Buffer.from(lines);
    try {
      if (Number.isFinite(this.#bytesMax)) await this.#makeRoom(bytes.length);
      await this.#handle.appendFile(bytes);
      await this.#handle.datasync();
    } catch (cause) {
      throw unwritable(this.path, cause);
    }
    this.#bytes += bytes.length;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  /** Every partition of a segment has the file open, and any of them may have renamed it: the file of that name counts. */
  async #makeRoom(bytes: number): Promise<void> {
    const [named, own] = await Promise.all([stat(this.path).catch(() => undefined), this.#handle.stat()]);
    const isOwn = named?.ino === own.ino;
    this.#bytes = isOwn ? own.size : (named?.size ?? 0);
    const isFull = this.#bytes > 0 && this.#bytes + bytes > this.#bytesMax;
    if (isOwn && !isFull) return;
    if (isFull) {
      await rename(this.path, `${this.path}.1`);
      this.#bytes = 0;
    }
    await this.#handle.close();
    this.#handle = await open(this.path, "a+", 0o640);
    await syncFolder(this.path);
  }
}

/** Leaves the file ending with a newline, or empty. Returns its size. */
async function mended(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const start = await startOfLastLine(handle, size);
  if (start === size) return size;
  if (start !== undefined) {
    const torn = Buffer.alloc(size - start);
    await handle.read(torn, 0, torn.length, start);
    if (!isJson(torn.toString("utf8"))) {
      await handle.truncate(start);
      await handle.datasync();
      return start;
    }
  }
  await handle.appendFile("\n");
  await handle.datasync();
  return size + 1;
}

/** Where the text after the last newline begins; undefined when it is longer than a line can be. */
async function startOfLastLine(handle: FileHandle, size: number): Promise<number | undefined> {
  const block = Buffer.alloc(scanBytes);
  const lowest = Math.max(0, size - tornBytesMax);
  for (let end = size; end > lowest; ) {
    const start = Math.max(lowest, end - scanBytes);
    await handle.read(block, 0, end - start, start);
    const at = block.subarray(0, end - start).lastIndexOf(newline);
    if (at !== -1) return start + at + 1;
    end = start;
  }
  return lowest === 0 ? 0 : undefined;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A new name is only durable once its folder is. Windows cannot open a folder, and needs no such thing. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Makes the folder if need be. */
async function openInFolder(path: string): Promise<FileHandle> {
  await mkdir(dirname(path), { recursive: true });
  return open(path, "a+", 0o640);
}

function unwritable(path: string, cause: unknown): EngineError {
  return new EngineError("PATH_UNREADABLE", `Cannot write "${path}": ${sentenceOf(cause)}`, { cause, retryable: true });
}
