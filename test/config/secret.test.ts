import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { format, inspect } from "node:util";
import { test } from "vitest";
import { Secret } from "../../config/secret.ts";

test("no way to print a secret shows it", () => {
  const holder = { password: new Secret("hunter2") };

  assert.equal(`${holder.password}`, "***");
  assert.equal(JSON.stringify(holder), '{"password":"***"}');
  for (const printed of [inspect(holder, { showHidden: true, depth: 9 }), format("%s %o %j", holder, holder, holder)]) {
    assert.ok(!printed.includes("hunter2"), printed);
  }
});

test("a secret is revealed from the graph file, the environment or a file", async () => {
  const folder = await mkdtemp(join(tmpdir(), "secret-"));
  try {
    const file = join(folder, "password");
    await writeFile(file, "hunter3\n");

    assert.equal(new Secret("hunter1").reveal({}), "hunter1");
    assert.equal(new Secret({ env: "PASSWORD" }).reveal({ PASSWORD: "hunter2" }), "hunter2");
    assert.equal(new Secret({ file }).reveal({}), "hunter3");
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a secret whose variable or file is missing is a fault of the world", () => {
  assert.throws(() => new Secret({ env: "PASSWORD" }).reveal({}), { code: "VARIABLE_MISSING" });
  assert.throws(() => new Secret({ file: "/nowhere/password" }).reveal({}), {
    code: "PATH_UNREADABLE",
    retryable: true,
  });
});
