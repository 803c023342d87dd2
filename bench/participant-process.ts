import assert from "node:assert/strict";
import { measure } from "./measure.ts";
import { longWorkloads, serverWorkloads, workloads } from "./workloads.ts";

// The process of one sample: workload, participant, rows and seed as arguments; the sample on stdout.
const [workloadName, participantName, rows, seed] = process.argv.slice(2);
const workload = await { ...workloads, ...longWorkloads, ...serverWorkloads }[workloadName ?? ""]?.();
assert(workload !== undefined, "the workload must be a known one");
const participant = [workload.subject, ...workload.peers].find(({ name }) => name === participantName);
assert(participant !== undefined, "the participant must be one of the workload");
const sample = await measure(participant, { rows: Number(rows), seed: Number(seed) }, workload.warmUps);
process.stdout.write(`${JSON.stringify(sample)}\n`);
