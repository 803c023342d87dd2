import { afterEach, expect, test } from "vitest";
import { ObservationChunk } from "../../../blocks/model/observation-chunk.ts";
import { httpSource } from "../../../connectors/http/source.ts";
import type { Receipt } from "../../../runtime/receipt.ts";
import { runSource, type SourceRun } from "../source-run.ts";

let run: SourceRun | undefined;

afterEach(async () => {
  run?.stop();
  await run?.done;
  run = undefined;
});

/** Settles every receipt as soon as it comes, unless told otherwise. */
async function serve(given: object = {}, settle: (receipt: Receipt, rows: number) => void = store) {
  let port = 0;
  const watched = {
    ...httpSource,
    open: async (...args: Parameters<typeof httpSource.open>) => {
      const source = await httpSource.open(...args);
      return source
        .mapMaterializedValue((listening) => {
          ({ port } = listening as { port: number });
        })
        .map((chunk) => {
          if (chunk instanceof ObservationChunk) settle(chunk.receipt, chunk.length);
          return chunk;
        });
    },
  };
  run = await runSource(watched, { port: 0, ...given });
  return { run, url: `http://127.0.0.1:${port}/api/v1/series` };
}

function store(receipt: Receipt, rows: number): void {
  receipt.durable(rows);
  receipt.release();
}

async function post(url: string, body: unknown) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: response.status, retryAfter: response.headers.get("retry-after"), text: await response.text() };
}

const message = (metric: string, value: unknown = 1, type = "tdouble") => ({
  metric,
  tagset: { quality: "good" },
  type,
  values: [["2020-01-02T03:04:05.678", value]],
});

test("a message is stored and confirmed with the documented reply", async () => {
  const { run, url } = await serve();
  expect(await post(url, message("a"))).toEqual({
    status: 200,
    retryAfter: null,
    text: '{"status":"ok","msg":"Total messages received: 1"}',
  });
  expect(run.rows).toEqual([['a{quality="good"}', "tdouble", "2020-01-02T03:04:05.678Z", 1]]);
});

test("an array and lines of messages are counted", async () => {
  const { run, url } = await serve();
  expect((await post(url, [message("a"), message("b")])).text).toContain("received: 2");
  const lines = `${JSON.stringify(message("c"))}\n${JSON.stringify(message("d"))}\n`;
  expect((await post(url, lines)).text).toContain("received: 2");
  expect(run.rows).toHaveLength(4);
});

test("messages of several types share the receipt of their request", async () => {
  const receipts = new Set<Receipt>();
  const { url } = await serve({}, (receipt, rows) => {
    receipts.add(receipt);
    store(receipt, rows);
  });
  expect((await post(url, [message("a"), message("b", 2, "tlong"), message("c", "x", "ttext")])).status).toBe(200);
  expect([...receipts].map(({ tally }) => [tally.entered, tally.durable])).toEqual([[3, 3]]);
});

test("the reply comes only after the receipt is settled", async () => {
  const receipts: [Receipt, number][] = [];
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { url } = await serve({}, (...args) => {
    receipts.push(args);
    arrived();
  });
  let replied = false;
  const reply = post(url, message("a")).then((response) => {
    replied = true;
    return response;
  });
  await arrival;
  // Another request goes round in the time that the reply would need.
  await fetch(url);
  expect(replied).toBe(false);
  for (const [receipt, rows] of receipts) store(receipt, rows);
  expect((await reply).status).toBe(200);
});

/** A message of two points as another writer encodes it; the proto3 schema is TSorage's. */
const encoded =
  "0a156d792d74656d70657261747572652d73656e736f72120f0a077175616c6974791204676f6f64120f0a056f776e657212066d7973656c661a0774646f75626c65" +
  "22180a0c08a5bbb5f0051080eba5c30212084045111d14e3bcd322170a0b08a6bbb5f00510c0a9d33a1208408475c28f5c28f6";

async function postProtobuf(url: string, body: Uint8Array) {
  const headers = { "content-type": "application/x-protobuf" };
  const response = await fetch(url, { method: "POST", headers, body });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test("a Protobuf message is stored and confirmed like a JSON one", async () => {
  const { run, url } = await serve();
  const { status, body } = await postProtobuf(url, Buffer.from(encoded, "hex"));
  expect([status, body]).toEqual([200, { status: "ok", msg: "Total messages received: 1" }]);
  const series = 'my-temperature-sensor{owner="myself",quality="good"}';
  expect(run.rows).toEqual([
    [series, "tdouble", "2020-01-02T03:04:05.678Z", 42.1337],
    [series, "tdouble", "2020-01-02T03:04:06.123Z", 654.72],
  ]);
});

test("a Protobuf message that is cut off is told with the byte", async () => {
  const { run, url } = await serve();
  const { status, body } = await postProtobuf(url, Buffer.from(encoded, "hex").subarray(0, -3));
  expect(status).toBe(400);
  expect(body).toMatchObject({
    received: 0,
    rejected: [{ code: "MESSAGE_INVALID", reason: expect.stringContaining("byte") }],
  });
  expect(run.rows).toEqual([]);
});

test("nothing in an array is nothing received", async () => {
  const { url } = await serve();
  expect((await post(url, [])).text).toBe('{"status":"ok","msg":"Total messages received: 0"}');
});

test("a bad message is told with its place, and the good ones are stored", async () => {
  const { run, url } = await serve();
  const { status, text } = await post(url, [message("a"), message("b", "x"), message("c")]);
  expect(status).toBe(400);
  expect(JSON.parse(text)).toMatchObject({
    status: "error",
    received: 2,
    rejected_count: 1,
    rejected: [{ index: 1, line: 1, path: "values[0][1]", code: "VALUE_INVALID" }],
  });
  expect(run.rows.map(([series]) => series)).toEqual(['a{quality="good"}', 'c{quality="good"}']);
});

test("no more than a hundred rejections are listed, and all are counted", async () => {
  const { url } = await serve();
  const { text } = await post(
    url,
    Array.from({ length: 101 }, () => message("a", "x")),
  );
  const body = JSON.parse(text);
  expect([body.rejected_count, body.rejected.length]).toEqual([101, 100]);
});

test("what is no JSON, and an empty body, are 400", async () => {
  const { url } = await serve();
  expect(await post(url, '{"metric":')).toMatchObject({ status: 400, text: expect.stringContaining('"line":1') });
  expect((await post(url, " ")).status).toBe(400);
});

test("a receipt that fails is answered 503, and the next request is served", async () => {
  let fails = true;
  const { url } = await serve({}, (receipt, rows) => {
    if (fails) receipt.fail(new Error("the store is gone"));
    else store(receipt, rows);
  });
  expect(await post(url, message("a"))).toMatchObject({ status: 503, retryAfter: "1" });
  fails = false;
  expect((await post(url, message("a"))).status).toBe(200);
});

test("a sender that waits too long is answered 503", async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { run, url } = await serve({ response_timeout: "5 seconds" }, () => arrived());
  const reply = post(url, message("a"));
  await arrival;
  run.context.clock.advance(5_000);
  expect(await reply).toMatchObject({ status: 503, retryAfter: "1" });
});

test("as many requests as may wait are taken, the next is told 503", async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { run, url } = await serve({ max_waiting: 1 }, () => arrived());
  const first = post(url, message("a"));
  await arrival;
  expect(await post(url, message("b"))).toMatchObject({ status: 503, retryAfter: "1" });
  run.context.clock.advance(10_000);
  expect((await first).status).toBe(503);
});

test("stopping answers those who wait with 503 and gives the port back", async () => {
  let arrived = () => {};
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const { run, url } = await serve({}, () => arrived());
  const reply = post(url, message("a"));
  await arrival;
  run.stop();
  expect((await reply).status).toBe(503);
  await expect(fetch(url)).rejects.toThrow();
});

test("a port in use is an error of open", async () => {
  const { url } = await serve();
  const port = Number(new URL(url).port);
  await expect(runSource(httpSource, { port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
});

test("only this machine can reach the default", () => {
  expect(httpSource.settings.parse({})).toMatchObject({
    host: "127.0.0.1",
    port: 8081,
    max_body: 2 ** 24,
    max_waiting: 1_000,
  });
});
