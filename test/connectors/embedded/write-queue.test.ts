import assert from "node:assert/strict";
import { test } from "vitest";
import type { KeyValues } from "../../../connectors/embedded/environment.ts";
import { wholeWrite, WriteQueue } from "../../../connectors/embedded/write-queue.ts";

interface Commit {
  readonly writes: readonly string[];
  readonly end: (fault?: Error) => void;
}

/** As much as a transaction takes. */
const large = { table: {} as KeyValues, key: Buffer.of(1), value: new Uint8Array(16 * 1024 * 1024) };

/**
 * A queue of names. One that ends in "!" fails to be planned, one that ends in "." is alone, one that ends in "?" needs what is
 * on its way to be committed.
 */
function queueOfNames() {
  const commits: Commit[] = [];
  const planned: string[] = [];
  let next: string[] = [];
  let underWay = 0;
  const queue = new WriteQueue<string>({
    alone: (write) => write.endsWith("."),
    plan(write, from, plan) {
      const parts = write.split("+");
      const part = parts[from] ?? "";
      planned.push(part);
      if (part.endsWith("!")) throw new Error(part);
      if (part.endsWith("?") && underWay > 0) return undefined;
      next.push(part);
      if (from + 1 < parts.length) plan.add(large);
      return from + 1 < parts.length ? from + 1 : wholeWrite;
    },
    commit() {
      const writes = next;
      next = [];
      underWay += 1;
      return new Promise((resolve, reject) => {
        commits.push({
          writes,
          end(fault) {
            underWay -= 1;
            if (fault === undefined) resolve();
            else {
              next = [];
              reject(fault);
            }
          },
        });
      });
    },
  });
  return { queue, commits, planned };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("writes that arrive while a transaction is on its way are planned at once, and are the next one", async () => {
  const { queue, commits, planned } = queueOfNames();
  const first = queue.add("a");
  await turn();
  const others = [queue.add("b"), queue.add("c")];
  await turn();
  assert.deepEqual(planned, ["a", "b", "c"]);
  assert.deepEqual(
    commits.map(({ writes }) => writes),
    [["a"]],
  );
  commits[0]?.end();
  await first;
  await turn();
  assert.deepEqual(commits[1]?.writes, ["b", "c"]);
  commits[1]?.end();
  await Promise.all(others);
  await queue.idle();
});

test("a write that needs what is on its way waits for it, and those behind it do", async () => {
  const { queue, commits, planned } = queueOfNames();
  const all = [queue.add("a")];
  await turn();
  all.push(queue.add("b"), queue.add("c?"), queue.add("d"));
  await turn();
  assert.deepEqual(planned, ["a", "b", "c?"]);
  commits[0]?.end();
  await turn();
  assert.deepEqual(commits[1]?.writes, ["b", "c?", "d"]);
  commits[1]?.end();
  await Promise.all(all);
});

test("a write that is alone shares no transaction, and nothing is planned while it is on its way", async () => {
  const { queue, commits, planned } = queueOfNames();
  const all = ["a", "b.", "c"].map((write) => queue.add(write));
  for (const [index, writes] of [["a"], ["b."], ["c"]].entries()) {
    await turn();
    assert.deepEqual(commits[index]?.writes, writes);
    assert.deepEqual(planned.at(-1), writes[0]);
    commits[index]?.end();
  }
  await Promise.all(all);
});

test("a write that cannot be planned fails alone", async () => {
  const { queue, commits } = queueOfNames();
  const [good, bad] = [queue.add("a"), queue.add("b!")];
  await assert.rejects(bad, { message: "b!" });
  commits[0]?.end();
  await good;
});

test("after a commit that failed, what was planned behind it is planned again, in order", async () => {
  const { queue, commits, planned } = queueOfNames();
  const first = queue.add("a");
  await turn();
  const others = [queue.add("b"), queue.add("c")];
  await turn();
  const rejected = assert.rejects(first, { message: "full" });
  commits[0]?.end(new Error("full"));
  await rejected;
  await turn();
  assert.deepEqual(planned, ["a", "b", "c", "b", "c"]);
  assert.deepEqual(commits[1]?.writes, ["b", "c"]);
  commits[1]?.end();
  await Promise.all(others);
});

test("a large write takes several transactions, one behind the other, and is done with the last", async () => {
  const { queue, commits, planned } = queueOfNames();
  let done = false;
  const all = [queue.add("a+b+c").then(() => (done = true)), queue.add("d")];
  await turn();
  assert.deepEqual(planned, ["a", "b"]);
  commits[0]?.end();
  await turn();
  assert.deepEqual(planned, ["a", "b", "c", "d"]);
  commits[1]?.end();
  await turn();
  assert.equal(done, false);
  assert.deepEqual(
    commits.map(({ writes }) => writes),
    [["a"], ["b"], ["c", "d"]],
  );
  commits[2]?.end();
  await Promise.all(all);
  assert.equal(done, true);
});

test("a write of which one transaction failed is dropped with the rest of it, and others go on", async () => {
  const { queue, commits } = queueOfNames();
  const [first, other] = [queue.add("a+b+c"), queue.add("d")];
  const rejected = assert.rejects(first, { message: "full" });
  await turn();
  commits[0]?.end(new Error("full"));
  await rejected;
  await turn();
  assert.deepEqual(commits[1]?.writes, ["d"]);
  commits[1]?.end();
  await other;
});
