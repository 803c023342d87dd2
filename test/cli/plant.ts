import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { openEmbeddedStore } from "../../connectors/embedded/embedded-store.ts";
import { storedTable } from "../blocks/rollup/stored-table.ts";
import { millrace, temporaryFolder } from "../millrace-process.ts";

const periods = ["1m", "1h", "1d"];

export const jsonl = "{ type: file/jsonl, path: ./points.jsonl }";

/** A graph with one source, buffer, processor and store, in the folder that it runs in. */
export function graphOf(given: {
  source: string;
  derivators?: string;
  buffer?: string;
  retention?: string;
  store?: string;
}): string {
  const { source, derivators = "", buffer = "type: disk, path: ./buffer", store = "./store" } = given;
  const retention = given.retention === undefined ? "" : `, retention: ${given.retention}`;
  return `stores:
  main: { type: embedded, path: ${store} }
sources:
  points: ${source}
buffers:
  raw: { ${buffer}, from: points, partitions: 2${retention} }
blocks:
  rollups:
    type: processor
    from: raw
    store: main
    aggregators: [${periods.join(", ")}]
    derivators: [${derivators}]
    grouper: { size: 500, duration: 50 ms }
`;
}

export interface Message {
  readonly metric: string;
  readonly type: string;
  readonly values: readonly (readonly [string, number | string])[];
}

/** Points of one metric, some minutes apart, from a moment on; those of the metric "note" are texts. */
export function messageOf(metric: string, from: number, count: number, offset = 0): Message {
  const values = Array.from({ length: count }, (_, index) => {
    const value = ((index * 7_919) % 1_000) / 8 + offset;
    return [new Date(from + index * 137_000).toISOString(), metric === "note" ? `n${value}` : value] as const;
  });
  return { metric, type: metric === "note" ? "ttext" : "tdouble", values };
}

export function linesOf(messages: readonly Message[]): string {
  return messages.map((message) => `${JSON.stringify(message)}\n`).join("");
}

/** Hands a message in over HTTP, and sees that it is acknowledged. */
export async function post(port: number, message: Message): Promise<void> {
  const headers = { "content-type": "application/json" };
  const url = `http://127.0.0.1:${port}/api/v1/series`;
  const { status } = await fetch(url, { method: "POST", headers, body: JSON.stringify(message) });
  expect(status).toBe(200);
}

/** What a store holds, to the last bit. */
export async function tableOf(folder: string, name = "store"): Promise<string[]> {
  const store = await openEmbeddedStore(join(folder, name), { readOnly: true });
  try {
    return await storedTable(store, periods);
  } finally {
    await store.close();
  }
}

/** The table of one quiet run of a graph with these derivators. */
export async function freshTable(messages: readonly Message[], derivators: string): Promise<string[]> {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "points.jsonl"), linesOf(messages));
  writeFileSync(join(folder, "plant.yaml"), graphOf({ source: jsonl, derivators }));
  const { code, stderr } = await millrace(["run", "plant.yaml", "--until-idle", "--quiet"], {}, folder);
  expect(code, stderr).toBe(0);
  return tableOf(folder);
}
