import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { deflateSync, gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import type { ByteShare } from "../../../connectors/http/byte-budget.ts";
import { HttpFault } from "../../../connectors/http/http-fault.ts";
import { type Intake, listen, type MessageServer } from "../../../connectors/http/server.ts";
import { systemClock } from "../../../runtime/clock/system-clock.ts";

const limits = { bodyBytesMax: 1_000, waitingBytesMax: 1_500, connectionsMax: 10, responseTimeoutMs: 1_000 };
const json = { "content-type": "application/json" };

let server: MessageServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** Answers with the length of the body. */
const measuring: Intake = {
  checkRoom: () => {},
  accept: async (text, share) => {
    share.giveBack();
    return { status: 200, body: { length: text.length } };
  },
};

async function serve(intake: Intake = measuring): Promise<string> {
  server = await listen({ host: "127.0.0.1", port: 0 }, limits, intake, systemClock);
  return `http://127.0.0.1:${server.port}`;
}

async function post(base: string, body: string | Uint8Array, headers: Record<string, string> = json) {
  const response = await fetch(`${base}/api/v1/series`, { method: "POST", body, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

test("a body is handed on and the answer comes back as JSON", async () => {
  const { status, headers, body } = await post(await serve(), "abc");
  expect([status, body]).toEqual([200, { length: 3 }]);
  expect(headers.get("content-type")).toMatch(/^application\/json/);
});

test("lines of JSON are a content type too, and a charset may follow", async () => {
  const base = await serve();
  expect((await post(base, "abc", { "content-type": "application/x-ndjson" })).status).toBe(200);
  expect((await post(base, "abc", { "content-type": "application/json; charset=utf-8" })).status).toBe(200);
});

test("gzip and deflate bodies are inflated", async () => {
  const base = await serve();
  const text = "x".repeat(900);
  for (const [encoding, bytes] of [
    ["gzip", gzipSync(text)],
    ["deflate", deflateSync(text)],
  ] as const) {
    const { status, body } = await post(base, new Uint8Array(bytes), { ...json, "content-encoding": encoding });
    expect([status, body]).toEqual([200, { length: 900 }]);
  }
});

test("a body of the maximum is accepted, one byte more is 413, announced or not", async () => {
  const base = await serve();
  expect((await post(base, "x".repeat(1_000))).status).toBe(200);
  expect((await post(base, "x".repeat(1_001))).status).toBe(413);
  const stream = new Blob(["x".repeat(1_001)]).stream();
  const unannounced = await fetch(`${base}/api/v1/series`, {
    method: "POST",
    body: stream,
    headers: json,
    duplex: "half",
  });
  expect(unannounced.status).toBe(413);
});

test("a small body that inflates without end is 413", async () => {
  const base = await serve();
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(700_000)));
  expect(bomb.length).toBeLessThan(1_000);
  expect((await post(base, bomb, { ...json, "content-encoding": "gzip" })).status).toBe(413);
});

test("a body far beyond the maximum still gets its answer, and the connection serves the next request", async () => {
  const base = await serve();
  expect((await post(base, "x".repeat(5_000_000))).status).toBe(413);
  expect((await post(base, "abc")).status).toBe(200);
});

test("a body that is not what its encoding says is 400", async () => {
  const { status, body } = await post(await serve(), "abc", { ...json, "content-encoding": "gzip" });
  expect([status, body.status]).toEqual([400, "error"]);
});

test("a body that is not UTF-8 is 400", async () => {
  expect((await post(await serve(), new Uint8Array([0x22, 0xff, 0x22]))).status).toBe(400);
});

test("no body is 400", async () => {
  const response = await fetch(`${await serve()}/api/v1/series`, { method: "POST" });
  expect(response.status).toBe(400);
});

test("other content types and encodings are 415 with a reason", async () => {
  const base = await serve();
  for (const headers of [{ "content-type": "text/plain" }, { ...json, "content-encoding": "br" }]) {
    const { status, body } = await post(base, "abc", headers);
    expect([status, body.status]).toEqual([415, "error"]);
    expect(body.msg).toMatch(/Content-(Type|Encoding) must be/);
  }
});

test("other paths are 404, other methods 405 with what is allowed", async () => {
  const base = await serve();
  expect((await fetch(`${base}/other`)).status).toBe(404);
  const wrongMethod = await fetch(`${base}/api/v1/series`);
  expect([wrongMethod.status, wrongMethod.headers.get("allow")]).toEqual([405, "POST"]);
  expect((await fetch(`${base}/live`, { method: "POST" })).status).toBe(405);
});

test("it says that it lives", async () => {
  expect((await fetch(`${await serve()}/live`)).status).toBe(200);
});

test("a request that finds no room is told 503 and when to come again, before its body is read", async () => {
  const full: Intake = {
    ...measuring,
    checkRoom: () => {
      throw new HttpFault(503, "full");
    },
  };
  const { status, headers, body } = await post(await serve(full), "abc");
  expect([status, headers.get("retry-after"), body]).toEqual([503, "1", { status: "error", msg: "full" }]);
});

test("bodies that wait together may not pass the budget, and it is free again once they are at rest", async () => {
  const held: ByteShare[] = [];
  const holding: Intake = {
    checkRoom: () => {},
    accept: async (_text, share) => {
      held.push(share);
      return { status: 200, body: {} };
    },
  };
  const base = await serve(holding);
  expect((await post(base, "x".repeat(800))).status).toBe(200);
  expect((await post(base, "x".repeat(701))).status).toBe(503);
  expect((await post(base, "x".repeat(700))).status).toBe(200);
  for (const share of held) share.giveBack();
  expect((await post(base, "x".repeat(1_000))).status).toBe(200);
});

test("a refused body leaves nothing in the budget", async () => {
  const base = await serve();
  for (let round = 0; round < 5; round++) expect((await post(base, "x".repeat(1_001))).status).toBe(413);
  expect((await post(base, "x".repeat(1_000))).status).toBe(200);
});

test("a port in use is one clear error", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => other.once("listening", resolve));
  const { port } = other.address() as AddressInfo;
  await expect(listen({ host: "127.0.0.1", port }, limits, measuring, systemClock)).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
    message: `Cannot listen on 127.0.0.1:${port} as another process does`,
  });
  other.close();
});

test("an address that is not this machine's is one clear error", async () => {
  await expect(listen({ host: "192.0.2.1", port: 0 }, limits, measuring, systemClock)).rejects.toMatchObject({
    code: "CONNECTION_FAILED",
  });
});

test("closing does not wait for a sender that never ends its request", async () => {
  await serve();
  const slow = connect(server?.port ?? 0, "127.0.0.1");
  slow.on("error", () => {});
  slow.write(
    "POST /api/v1/series HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
  );
  await new Promise((resolve) => slow.once("connect", resolve));
  const closed = new Promise((resolve) => slow.once("close", resolve));
  await server?.close();
  await closed;
  expect(slow.destroyed).toBe(true);
});
