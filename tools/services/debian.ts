import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { mustRun, run } from "./command.ts";

/** Where the files of a package are: a root folder like `/`. */
export interface DebianRoot {
  readonly root: string;
  /** The path of a program below `root`, such as `/usr/sbin/mosquitto`. */
  path(program: string): string;
  /** What a process needs to find its libraries and programs there. */
  readonly env: Readonly<Record<string, string>>;
}

/**
 * A package of Debian and what it needs, unpacked into the cache: nothing is installed on this machine, and no service is
 * started by the packages themselves. What the machine has already is used from there.
 */
export async function debianPackage(cache: string, name: string): Promise<DebianRoot> {
  const folder = join(cache, "debian", name);
  if (!existsSync(folder)) await unpack(cache, name, folder);
  return rootOf(folder);
}

/** The unpacked package, once it was got. */
export function rootOf(folder: string): DebianRoot {
  const path = (program: string) => (existsSync(join(folder, program)) ? join(folder, program) : program);
  const below = (...folders: string[]) => folders.map((one) => join(folder, one));
  // Libraries are in a folder named for the architecture, as `x86_64-linux-gnu`.
  const architecture = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch as string] ?? process.arch;
  return {
    root: folder,
    path,
    env: {
      LD_LIBRARY_PATH: below(`usr/lib/${architecture}`, `lib/${architecture}`, "usr/lib").join(delimiter),
      PATH: [...below("usr/sbin", "usr/bin", "bin"), process.env.PATH ?? ""].join(delimiter),
    },
  };
}

async function unpack(cache: string, name: string, folder: string): Promise<void> {
  if ((await run("apt-get", ["--version"])).code !== 0) {
    throw new Error(`Cannot get ${name} as it comes from Debian's packages: this system has no "apt-get"`);
  }
  await mkdir(join(cache, "debian"), { recursive: true });
  const part = await mkdtemp(join(cache, "debian", `.${name}-`));
  try {
    const packages = await missingPackages(name);
    await mustRun(`get ${name} from Debian's packages`, "apt-get", ["download", ...packages], part);
    const root = join(part, "root");
    await mkdir(root);
    for (const file of await readdir(part)) {
      if (file.endsWith(".deb")) await mustRun(`unpack ${file}`, "dpkg-deb", ["-x", join(part, file), root]);
    }
    await rename(root, folder).catch((error: unknown) => {
      // Somebody else was faster: theirs is as good.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

/** The package, and what it needs that the machine has not, by the words of a simulated installation. */
async function missingPackages(name: string): Promise<string[]> {
  const simulate = ["install", "--simulate", "--no-install-recommends", "--reinstall", name];
  let { code, output } = await run("apt-get", simulate);
  if (code !== 0) {
    // A new machine may have no list of packages yet; only root may fetch it.
    await run("apt-get", ["update"]);
    ({ code, output } = await run("apt-get", simulate));
  }
  const packages = [...output.matchAll(/^Inst (\S+)/gm)].map(([, found = ""]) => found);
  if (code === 0 && packages.includes(name)) return packages;
  throw new Error(
    `Cannot get ${name} as Debian's packages do not offer it here: ${output.trim().split("\n").at(-1)}` +
      `; "apt-get update" as root may help`,
  );
}
