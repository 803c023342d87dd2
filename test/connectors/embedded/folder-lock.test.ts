import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "vitest";
import { FolderLock, readOwner } from "../../../connectors/embedded/folder-lock.ts";
import { temporaryFolder } from "./temporary-folder.ts";

let folder: { path: string; remove: () => Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder();
  await mkdir(folder.path);
});
afterEach(() => folder.remove());

const ownerFile = () => join(folder.path, "owner.json");
const ownFacts = async () => JSON.parse(await readFile(ownerFile(), "utf8")) as Record<string, unknown>;

test("a folder has one owner, and another one after it was released", async () => {
  assert.equal(await readOwner(folder.path), undefined);
  const lock = await FolderLock.acquire(folder.path);
  assert.equal((await readOwner(folder.path))?.pid, process.pid);
  await assert.rejects(FolderLock.acquire(folder.path), {
    code: "FOLDER_IN_USE",
    retryable: true,
    message: `Cannot open "${folder.path}" as process ${process.pid} owns it`,
  });
  await lock.release();
  assert.equal(await readOwner(folder.path), undefined);
  assert.deepEqual(await readdir(folder.path), []);
  await (await FolderLock.acquire(folder.path)).release();
});

test("the owner publishes its address, and whoever is refused is told it", async () => {
  const lock = await FolderLock.acquire(folder.path);
  await lock.setAddress("127.0.0.1:8080");
  assert.equal((await readOwner(folder.path))?.address, "127.0.0.1:8080");
  await assert.rejects(FolderLock.acquire(folder.path), /which answers at 127\.0\.0\.1:8080$/);
  await lock.release();
  assert.deepEqual(await readdir(folder.path), []);
});

test("of many that want a folder at once, one gets it", async () => {
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.acquire(folder.path)));
  assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
});

test("of many that find a dead owner, one takes over", async () => {
  for (let round = 0; round < 20; round++) {
    await writeFile(ownerFile(), JSON.stringify({ pid: 0, processStart: "", boot: "", nonce: "dead" }));
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.acquire(folder.path)));
    assert.equal(tries.filter(({ status }) => status === "fulfilled").length, 1);
    assert.deepEqual(await readdir(folder.path), ["owner.json"]);
  }
});

test("a claim on a dead owner's file that a killed process left is taken away after ten seconds", async () => {
  await writeFile(ownerFile(), JSON.stringify({ pid: 0, processStart: "", boot: "", nonce: "dead" }));
  const claim = join(folder.path, `owner.${createHash("sha256").update("dead").digest("hex").slice(0, 16)}.dead`);
  await writeFile(claim, "");
  await assert.rejects(FolderLock.acquire(folder.path), { code: "FOLDER_IN_USE" });
  const { mtimeMs } = await stat(claim);
  await utimes(claim, mtimeMs / 1_000 - 11, mtimeMs / 1_000 - 11);
  await FolderLock.acquire(folder.path);
  assert.deepEqual(await readdir(folder.path), ["owner.json"]);
});

test("the lock of a killed process is taken over, that of a living one is not", async () => {
  const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  await once(child, "spawn");
  const pid = child.pid ?? 0;
  await (await FolderLock.acquire(folder.path)).release();
  const start = process.platform === "linux" ? startOf(await readFile(`/proc/${pid}/stat`, "utf8")) : "";
  const lock = await FolderLock.acquire(folder.path);
  const boot = (await ownFacts()).boot;
  await lock.release();
  const owner = { pid, processStart: start, boot, nonce: "of the child" };
  await writeFile(ownerFile(), JSON.stringify(owner));
  assert.equal((await readOwner(folder.path))?.pid, pid);
  await assert.rejects(FolderLock.acquire(folder.path), { code: "FOLDER_IN_USE" });
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  assert.equal(await readOwner(folder.path), undefined);
  await (await FolderLock.acquire(folder.path)).release();
});

/** Only Linux tells when a process started, and so a process from a later one with its number. */
const staleFields =
  process.platform === "linux"
    ? [{ pid: 4_194_305 }, { processStart: "1" }, { boot: "an earlier one" }]
    : [{ pid: 4_194_305 }];

test("another process with the number of a dead owner is not the owner", async () => {
  const lock = await FolderLock.acquire(folder.path);
  const own = await ownFacts();
  await lock.release();
  for (const stale of staleFields) {
    await writeFile(ownerFile(), JSON.stringify({ ...own, ...stale, nonce: "stale" }));
    assert.equal(await readOwner(folder.path), undefined);
    const taken = await FolderLock.acquire(folder.path);
    assert.equal((await ownFacts()).pid, process.pid);
    await taken.release();
  }
});

test("a file that no owner wrote does not keep the folder", async () => {
  for (const text of ["", "null", "{", "[]"]) {
    await writeFile(ownerFile(), text);
    assert.equal(await readOwner(folder.path), undefined);
    await (await FolderLock.acquire(folder.path)).release();
  }
});

test("who lost the folder to another does not release it for them", async () => {
  const lock = await FolderLock.acquire(folder.path);
  const owner = { ...(await ownFacts()), nonce: "another" };
  await writeFile(ownerFile(), JSON.stringify(owner));
  await lock.release();
  assert.deepEqual(await ownFacts(), owner);
});

test("a folder that cannot be made is named", async () => {
  await writeFile(join(folder.path, "file"), "");
  await assert.rejects(FolderLock.acquireNew(join(folder.path, "file", "below")), {
    code: "PATH_UNREADABLE",
    message: /file.below/,
  });
});

const startOf = (stat: string) => stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
