import { createHash, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, sentenceOf } from "../../runtime/errors.ts";

/** Who owns a folder, as `owner.json` in it says. */
export interface FolderOwner {
  readonly pid: number;
  /** When the process started, in the kernel's own clock ticks since boot; empty where the system does not tell. */
  readonly processStart: string;
  /** Which boot of the machine the ticks count from; empty where the system does not tell. */
  readonly boot: string;
  /** Distinguishes two owners whose other fields are equal. */
  readonly nonce: string;
  /** Where the running engine answers queries, once it does: `host:port`. */
  readonly address?: string;
}

/**
 * Exclusive ownership of a folder by one running process, and by one part of it: the same process is refused a second time.
 *
 * The owner's name is written aside and linked into place, which is atomic, so nobody ever reads half of one. A lock that a
 * killed process left behind is recognised by its process being gone (or being another one with the same number) and taken
 * over. It holds among the processes of one machine that see each other: not between machines that share a disk.
 */
export class FolderLock {
  readonly #folder: string;
  #owner: FolderOwner;

  private constructor(folder: string, owner: FolderOwner) {
    this.#folder = folder;
    this.#owner = owner;
  }

  /** Makes the folder if need be, and owns it. */
  static async acquireNew(folder: string): Promise<FolderLock> {
    try {
      await mkdir(folder, { recursive: true });
    } catch (thrown) {
      throw new EngineError("PATH_UNREADABLE", `Cannot make the folder "${folder}": ${sentenceOf(thrown)}`, {
        cause: thrown,
      });
    }
    return FolderLock.acquire(folder);
  }

  /**
   * @param folder Must exist.
   * @throws {EngineError} `FOLDER_IN_USE`, retryable, while another owner lives; `PATH_UNREADABLE`.
   */
  static async acquire(folder: string): Promise<FolderLock> {
    try {
      const owner: FolderOwner = { ...(await processFacts(process.pid)), pid: process.pid, nonce: randomUUID() };
      // Each turn either gets the folder, finds a live owner, or clears one dead owner; more than a few mean a crowd.
      for (let turn = 0; turn < 8; turn++) {
        if (await linked(folder, owner)) return new FolderLock(folder, owner);
        const holder = await ownerIn(folder);
        if (holder !== undefined && (await isAlive(holder))) throw inUse(folder, holder);
        if (holder !== undefined) await clearDead(folder, holder);
      }
    } catch (thrown) {
      if (thrown instanceof EngineError) throw thrown;
      throw new EngineError("PATH_UNREADABLE", `Cannot own the folder "${folder}" as it cannot be written`, {
        cause: thrown,
      });
    }
    throw new EngineError("FOLDER_IN_USE", `Cannot own the folder "${folder}" as others are taking it at this moment`, {
      retryable: true,
    });
  }

  /** Publishes where the running engine answers queries, for `readOwner`. */
  async setAddress(address: string): Promise<void> {
    this.#owner = { ...this.#owner, address };
    const aside = asideOf(this.#folder, this.#owner.nonce);
    await writeFile(aside, JSON.stringify(this.#owner));
    await rename(aside, fileOf(this.#folder));
  }

  /** Gives the folder up. Does nothing when somebody else has it by now. */
  async release(): Promise<void> {
    const holder = await ownerIn(this.#folder);
    if (holder?.nonce === this.#owner.nonce) await rm(fileOf(this.#folder), { force: true });
  }
}

/** The living owner of a folder; undefined when there is none, or only what a killed one left behind. */
export async function readOwner(folder: string): Promise<FolderOwner | undefined> {
  const holder = await ownerIn(folder);
  return holder !== undefined && (await isAlive(holder)) ? holder : undefined;
}

const fileOf = (folder: string) => join(folder, "owner.json");
const asideOf = (folder: string, nonce: string) => join(folder, `owner.${nonce}.json`);

function inUse(folder: string, holder: FolderOwner): EngineError {
  const where = holder.address === undefined ? "" : `, which answers at ${holder.address}`;
  return new EngineError("FOLDER_IN_USE", `Cannot open "${folder}" as process ${holder.pid} owns it${where}`, {
    retryable: true,
  });
}

async function linked(folder: string, owner: FolderOwner): Promise<boolean> {
  const aside = asideOf(folder, owner.nonce);
  await writeFile(aside, JSON.stringify(owner), { flag: "wx" });
  try {
    await link(aside, fileOf(folder));
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return false;
    throw thrown;
  } finally {
    await rm(aside, { force: true });
  }
}

/** Undefined when there is no file; an owner that cannot live when there is one that no owner wrote. */
async function ownerIn(folder: string): Promise<FolderOwner | undefined> {
  let text: string;
  try {
    text = await readFile(fileOf(folder), "utf8");
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
  return ownerOf(text);
}

function ownerOf(text: string): FolderOwner {
  try {
    const { pid, processStart, boot, nonce, address } = JSON.parse(text) as Partial<FolderOwner>;
    return {
      pid: Number(pid ?? 0),
      processStart: String(processStart ?? ""),
      boot: String(boot ?? ""),
      nonce: String(nonce ?? ""),
      ...(address === undefined ? {} : { address: String(address) }),
    };
  } catch {
    return { pid: 0, processStart: "", boot: "", nonce: text };
  }
}

/**
 * Removes the file of a dead owner. Of all that found it one makes the claim, and it alone may: with a second one, the file that
 * the next owner made meanwhile could go.
 */
async function clearDead(folder: string, dead: FolderOwner): Promise<void> {
  const claim = join(folder, `owner.${createHash("sha256").update(dead.nonce).digest("hex").slice(0, 16)}.dead`);
  try {
    await writeFile(claim, "", { flag: "wx" });
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
    await clearForgotten(folder, claim);
    return;
  }
  try {
    // It is a new owner's where somebody else was faster, and gave up the claim since.
    if ((await ownerIn(folder))?.nonce === dead.nonce) await rm(fileOf(folder), { force: true });
  } finally {
    await rm(claim, { force: true });
  }
}

/** Removes the claim of a process that was killed while it cleared. How old it is goes by the clock of the disk, which made it. */
async function clearForgotten(folder: string, claim: string): Promise<void> {
  const made = await madeAt(claim);
  const probe = asideOf(folder, randomUUID());
  await writeFile(probe, "");
  const now = await madeAt(probe);
  await rm(probe, { force: true });
  if (made !== undefined && now !== undefined && now - made > claimMaxMs) await rm(claim, { force: true });
}

/** Undefined where the file is gone. */
async function madeAt(file: string): Promise<number | undefined> {
  try {
    return (await stat(file)).mtimeMs;
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}

/** Clearing takes some system calls. */
const claimMaxMs = 10_000;

async function isAlive(owner: FolderOwner): Promise<boolean> {
  if (!Number.isSafeInteger(owner.pid) || owner.pid <= 0) return false;
  const facts = await processFacts(owner.pid);
  if (facts.gone) return false;
  if (facts.processStart === "" || owner.processStart === "") return signalled(owner.pid);
  return facts.processStart === owner.processStart && facts.boot === owner.boot;
}

interface ProcessFacts {
  readonly processStart: string;
  readonly boot: string;
  /** Known not to run any more. */
  readonly gone: boolean;
}

async function processFacts(pid: number): Promise<ProcessFacts> {
  if (process.platform !== "linux") return { processStart: "", boot: "", gone: false };
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    const boot = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
    // The name in parentheses may hold spaces: count from its end. Field 3 is the state, field 22 the start (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const state = fields[0];
    return { processStart: fields[19] ?? "", boot, gone: state === "Z" || state === "X" };
  } catch (thrown) {
    const code = codeOf(thrown);
    return { processStart: "", boot: "", gone: code === "ENOENT" || code === "ESRCH" };
  }
}

function signalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) === "EPERM";
  }
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error ? (thrown as NodeJS.ErrnoException).code : undefined;
}
