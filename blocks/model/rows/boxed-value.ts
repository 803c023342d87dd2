import assert from "node:assert/strict";
import type { Column } from "../columns.ts";

const binary = 0;
const utf8Text = 1;
const json = 2;

const encoder = new TextEncoder();
// A byte order mark at the start of a text is part of it.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * One boxed value as bytes that tell their own kind in the first byte: binary as it is, text as UTF-8, anything else as JSON.
 * Text with a lone surrogate is JSON too, as UTF-8 has no form for it.
 */
export function encodeBoxed(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return tagged(binary, value);
  if (typeof value === "string" && !loneSurrogate.test(value)) return tagged(utf8Text, encoder.encode(value));
  const text = JSON.stringify(value);
  assert(text !== undefined, "a boxed value must be JSON, text or binary");
  return tagged(json, encoder.encode(text));
}

/** The first `length` values of a column where they are boxed, else undefined. */
export function boxedOf(values: Column, length: number): Uint8Array[] | undefined {
  if (!Array.isArray(values)) return undefined;
  const blobs: Uint8Array[] = [];
  for (let row = 0; row < length; row++) blobs.push(encodeBoxed(values[row]));
  return blobs;
}

/** A copy: it does not hold on to `bytes`. */
export function decodeBoxed(bytes: Uint8Array): unknown {
  const body = bytes.subarray(1);
  if (bytes[0] === binary) return new Uint8Array(body);
  const text = decoder.decode(body);
  return bytes[0] === utf8Text ? text : (JSON.parse(text) as unknown);
}

const loneSurrogate = /\p{Surrogate}/u;

function tagged(kind: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.byteLength + 1);
  bytes[0] = kind;
  bytes.set(body, 1);
  return bytes;
}
