import { Buffer, isUtf8 } from "node:buffer";
import type { Readable } from "node:stream";
import { createGunzip, createInflate, type Gunzip, type Inflate } from "node:zlib";
import type { ByteShare } from "./byte-budget.ts";
import { HttpFault } from "./http-fault.ts";

/**
 * Reads the body of a request, inflated where it came compressed. Not more than `bytesMax` bytes are ever held, before or after
 * inflation, so a small body that inflates without end costs what a large one costs.
 *
 * @param encoding `Content-Encoding`: none, `identity`, `gzip` or `deflate`.
 * @throws {HttpFault} 413 too large, 415 another encoding, 400 not what the encoding says, 503 no budget.
 */
export async function readBody(
  body: Readable,
  encoding: string | undefined,
  bytesMax: number,
  share: ByteShare,
): Promise<Buffer> {
  const inflated = inflating(body, encoding);
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    // Destroying the request would take the socket with it, and the answer could not be sent.
    for await (const piece of inflated.iterator({ destroyOnReturn: inflated !== body }) as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes > bytesMax) throw new HttpFault(413, `Cannot accept a body of more than ${bytesMax} bytes (max_body)`);
      share.take(piece.length);
      pieces.push(piece);
    }
  } catch (cause) {
    if (cause instanceof HttpFault) throw cause;
    throw new HttpFault(400, "Cannot read the body as it is cut off, or not what its Content-Encoding says", { cause });
  } finally {
    // What is left of a refused body is read and thrown away, so that the sender gets to read the answer.
    body.unpipe();
    body.resume();
  }
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces, bytes);
}

/** @throws {HttpFault} 400 where it is not UTF-8. */
export function textOf(body: Buffer): string {
  if (!isUtf8(body)) throw new HttpFault(400, "Cannot read the body as it must be UTF-8");
  return body.toString("utf8");
}

function inflating(body: Readable, encoding: string | undefined): Readable {
  switch (encoding?.trim().toLowerCase()) {
    case undefined:
    case "":
    case "identity":
      return body;
    case "gzip":
    case "x-gzip":
      return piped(body, createGunzip());
    case "deflate":
      return piped(body, createInflate());
    default:
      throw new HttpFault(
        415,
        `Cannot read the body as its Content-Encoding must be gzip or deflate: it is "${encoding}"`,
      );
  }
}

/** `pipe` rather than `pipeline`: the socket must outlive a body that is refused, to carry the answer. */
function piped(body: Readable, inflate: Gunzip | Inflate): Readable {
  body.once("close", () => {
    if (!body.readableEnded) inflate.destroy(new Error("the body ended early"));
  });
  return body.pipe(inflate);
}
