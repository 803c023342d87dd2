import { join } from "node:path";
import { run } from "./command.ts";

/**
 * A Java for the servers that need one: that of `JAVA_HOME`, or the one on the path.
 *
 * @throws {Error} when there is none, or when it is older than 17.
 */
export async function java(): Promise<string> {
  const home = process.env.JAVA_HOME;
  const program = home ? join(home, "bin", "java") : "java";
  const { code, output } = await run(program, ["-version"]);
  const version = /version "(\d+)/.exec(output)?.[1];
  if (code === 0 && Number(version) >= 17) return program;
  throw new Error(
    `Cannot start Java as version 17 or later must be installed: it is ${version ?? "absent"}` +
      `; on Debian, "apt-get install openjdk-17-jdk-headless"`,
  );
}
