import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun, run } from "./command.ts";

const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.10.0:copy-dependencies";

/**
 * The jars of some artifacts and of all that they need, from Maven Central as the Maven of this machine is set up.
 *
 * @param name Of the folder in the cache; it must change when the artifacts do.
 * @param artifacts As `group:artifact:version`.
 * @returns the folder with the jars. It is complete or not there.
 */
export async function jars(cache: string, name: string, artifacts: readonly string[]): Promise<string> {
  const folder = join(cache, "jars", name);
  if (existsSync(folder)) return folder;
  if ((await run("mvn", ["--version"])).code !== 0) {
    throw new Error(`Cannot get ${name} as Maven is not installed: install it, on Debian with "apt-get install maven"`);
  }
  await mkdir(join(cache, "jars"), { recursive: true });
  const part = await mkdtemp(join(cache, "jars", `.${name}-`));
  try {
    await writeFile(join(part, "pom.xml"), pom(artifacts));
    const args = ["-q", "-B", copyDependencies, "-DincludeScope=runtime", `-DoutputDirectory=${join(part, "lib")}`];
    await mustRun(`get ${name} from Maven Central`, "mvn", args, part);
    await rename(join(part, "lib"), folder).catch((error: unknown) => {
      // Somebody else was faster: theirs is as good.
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return folder;
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, name, version] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project><modelVersion>4.0.0</modelVersion><groupId>millrace</groupId><artifactId>jars</artifactId>
<version>1</version><packaging>pom</packaging><dependencies>${dependencies.join("\n")}</dependencies></project>\n`;
}
