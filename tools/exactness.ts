import { spawn } from "node:child_process";
import { parseArgs } from "node:util";

// The long run of the properties that hold rollups to a quiet run and to DuckDB: `npm run exactness -- --cases 10000 --seed 7`.
const { values } = parseArgs({ options: { cases: { type: "string", default: "10000" }, seed: { type: "string" } } });
const cases = Number(values.cases);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isInteger(cases) || cases < 1 || !Number.isInteger(seed)) {
  process.stderr.write("Cannot run as --cases must be a whole number >= 1, and --seed a whole number\n");
  process.exit(2);
}
process.stderr.write(`${cases} cases, seed ${seed}\n`);
const tests = [
  "test/blocks/rollup/exactness.test.ts",
  "test/blocks/rollup/duckdb-rollup.test.ts",
  "test/blocks/processor.test.ts",
];
const run = spawn("npx", ["vitest", "run", ...tests, "--test-timeout=0"], {
  stdio: "inherit",
  env: { ...process.env, MILLRACE_CASES: String(cases), MILLRACE_SEED: String(seed) },
});
run.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
