import { createRequire } from "node:module";
import { promisify } from "node:util";
import zlib from "node:zlib";
import type { ICompressionCodec, loadKafkajs } from "./kafkajs-internals.ts";

/** Teaches kafkajs the codecs that it names and does not have. Twice is as good as once. */
export async function registerCodecs(kafkajs: Awaited<ReturnType<typeof loadKafkajs>>): Promise<void> {
  const { CompressionCodecs, CompressionTypes } = kafkajs;
  const codecs = CompressionCodecs as Record<number, () => ICompressionCodec>;
  codecs[CompressionTypes.Snappy] = snappyCodec;
  codecs[CompressionTypes.LZ4] = lz4Codec;
  codecs[CompressionTypes.ZSTD] = zstdCodec;
}

/** The blocks in which Java's clients put Snappy: a head of 16 bytes, then for each block its length and itself. */
const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const xerialHeadBytes = 16;

function snappyCodec(): ICompressionCodec {
  const snappy = () => import("snappy");
  return {
    // Without blocks, as librdkafka does it; every client reads both.
    compress: async ({ buffer }) => (await snappy()).compress(buffer),
    decompress: async (bytes) => {
      const { uncompress } = await snappy();
      if (!bytes.subarray(0, 8).equals(xerialMagic)) return bytesOf(await uncompress(bytes));
      const blocks: Buffer[] = [];
      for (let at = xerialHeadBytes; at < bytes.length; ) {
        const size = bytes.readInt32BE(at);
        blocks.push(bytesOf(await uncompress(bytes.subarray(at + 4, at + 4 + size))));
        at += 4 + size;
      }
      return Buffer.concat(blocks);
    },
  };
}

function lz4Codec(): ICompressionCodec {
  const lz4 = () => import("lz4-napi");
  return {
    compress: async ({ buffer }) => (await lz4()).compressFrame(buffer),
    decompress: async (bytes) => (await lz4()).decompressFrame(bytes),
  };
}

function zstdCodec(): ICompressionCodec {
  const { zstdCompress, zstdDecompress } = zlib as Partial<ZstdOfNode>;
  if (zstdCompress !== undefined && zstdDecompress !== undefined) {
    return {
      compress: async ({ buffer }) => await promisify(zstdCompress)(buffer),
      decompress: async (bytes) => await promisify(zstdDecompress)(bytes),
    };
  }
  return {
    compress: async ({ buffer }) => Buffer.from((await zstdOfWasm()).compress(buffer, 3)),
    decompress: async (bytes) => Buffer.from((await zstdOfWasm()).decompress(bytes)),
  };
}

/** Node has it since 22.15. */
interface ZstdOfNode {
  zstdCompress(bytes: Buffer, done: (error: Error | null, result: Buffer) => void): void;
  zstdDecompress(bytes: Buffer, done: (error: Error | null, result: Buffer) => void): void;
}

let started: Promise<typeof import("@bokuweb/zstd-wasm")> | undefined;

/** Its build for CommonJS: the other one does not find its own file in Node. */
function zstdOfWasm(): Promise<typeof import("@bokuweb/zstd-wasm")> {
  started ??= (async () => {
    const wasm = createRequire(import.meta.url)("@bokuweb/zstd-wasm") as typeof import("@bokuweb/zstd-wasm");
    await wasm.init();
    return wasm;
  })();
  return started;
}

const bytesOf = (result: string | Buffer) => (typeof result === "string" ? Buffer.from(result) : result);
