import { setTimeout } from "node:timers/promises";

// Loads for longer than "straying" lets its thread live.
await setTimeout(400);

export { median } from "./heavy-derivators.ts";
