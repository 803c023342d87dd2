import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(import.meta.dirname, "..", "blocks", "rollup", "kernel");

/** What is used of the compiler. Its own types would come with the globals of AssemblyScript, for all files of the project. */
interface Compiler {
  main(
    args: readonly string[],
    files: {
      readFile: (name: string) => string | null;
      writeFile: (name: string, contents: Uint8Array) => void;
      listFiles: () => readonly string[];
    },
  ): Promise<{ readonly error: Error | null; readonly stderr: { toString(): string } }>;
}
const compiler: string = "assemblyscript/asc";

/** The file with the bytes of the compiled kernel. */
export const kernelBytesFile = join(folder, "kernel-bytes.ts");

/** What the file is made of: `kernel.as`, compiled. */
export async function kernelBytesText(): Promise<string> {
  const source = readFileSync(join(folder, "kernel.as"), "utf8");
  let bytes: Uint8Array | undefined;
  const options = [
    "-O3",
    "--runtime",
    "stub",
    "--noAssert",
    "--importMemory",
    "--enable",
    "simd",
    "--outFile",
    "kernel.wasm",
  ];
  const { default: asc } = (await import(compiler)) as { default: Compiler };
  const { error, stderr } = await asc.main(["kernel.ts", ...options], {
    readFile: (name) => (name === "kernel.ts" ? source : null),
    writeFile(name, contents) {
      if (name === "kernel.wasm") bytes = contents;
    },
    listFiles: () => [],
  });
  if (error !== null || bytes === undefined)
    throw new Error(`Cannot compile kernel.as: ${stderr.toString()}`, { cause: error });
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,100}/g) ?? [];
  return `// Written by \`npm run kernel\` from kernel.as.

/** A WebAssembly module, in Base64. */
export const kernelBytes =
${lines.map((line) => `  "${line}"`).join(" +\n")};
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(kernelBytesFile, await kernelBytesText());
