import { request } from "node:http";
import { EngineError, sentenceOf } from "../runtime/errors.ts";

/** An answer larger than this is refused: a query has a limit of rows. */
const bytesMax = 1024 * 1024 * 1024;
const timeoutMs = 60_000;

/** A request that says more than where. */
export interface EngineRequest {
  readonly method: "GET" | "POST" | "PATCH" | "PUT";
  /** Sent as JSON. */
  readonly body?: unknown;
}

/**
 * Asks a running engine.
 *
 * @param address Its private socket, or the URL of its hub.
 * @returns the body, which may be empty; undefined where nobody listens there any more.
 * @throws {EngineError} with the code and sentence of the engine's own answer, or `CONNECTION_FAILED`.
 */
export async function askEngine(
  address: string,
  path: string,
  asked: EngineRequest = { method: "GET" },
): Promise<string | undefined> {
  try {
    const { status, body } = await send(address, path, asked);
    if (status === 200 || status === 204) return body;
    const { code, msg } = JSON.parse(body) as { code?: EngineError["code"]; msg?: string };
    throw new EngineError(code ?? "CONNECTION_FAILED", msg ?? `Cannot ask the engine: it answered ${status}`);
  } catch (cause) {
    if (cause instanceof EngineError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ECONNREFUSED" || code === "ENOENT") return undefined;
    throw new EngineError("CONNECTION_FAILED", `Cannot ask the running engine: ${sentenceOf(cause)}`, { cause });
  }
}

function send(
  address: string,
  path: string,
  { method, body }: EngineRequest,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const options = { path, method, headers, timeout: timeoutMs };
    const { hostname, port } = address.startsWith("http:") ? new URL(address) : {};
    const place = hostname === undefined ? { socketPath: address } : { hostname, port };
    const asked = request({ ...options, ...place }, (response) => {
      const parts: Buffer[] = [];
      let bytes = 0;
      response.on("data", (part: Buffer) => {
        parts.push(part);
        bytes += part.length;
        if (bytes > bytesMax) response.destroy(new Error(`its answer is larger than ${bytesMax} bytes`));
      });
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(parts).toString("utf8") });
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`it did not answer within ${timeoutMs} ms`)));
    asked.on("error", reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
