import type { ReplayedPlace } from "../../blocks/model/buffer.ts";
import type { Plan } from "../../graphs/plan.ts";
import { type Replay, type ReplayParameters, readReplay, rewound } from "../../hub/replays.ts";
import { EngineError } from "../../runtime/errors.ts";
import type { Catalogue } from "../../graphs/catalogue.ts";
import { askOwner, contextOf } from "../graph-store.ts";
import { readOverride, soundGraph } from "../loaded-graph.ts";

export interface ReplayOptions {
  readonly from?: string;
  readonly fromPosition?: string;
  readonly partition?: string;
  readonly segment?: string;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Lets the segments that read a buffer read it again: at once where an engine runs the graph, else in its next run. */
export async function replay(file: string, buffer: string, options: ReplayOptions): Promise<void> {
  const { plan, catalogue } = await soundGraph(file, (options.set ?? []).map(readOverride));
  const { from, fromPosition, partition, segment } = options;
  const given: ReplayParameters = {
    buffer,
    ...(from !== undefined && { from }),
    ...(fromPosition !== undefined && { position: Number(fromPosition) }),
    ...(partition !== undefined && { partition: Number(partition) }),
    ...(segment !== undefined && { segment }),
  };
  const wanted = readReplay(given, plan);
  const body = await askOwner(plan, "/api/v1/replay", { method: "POST", body: given });
  const places: readonly ReplayedPlace[] =
    body === undefined
      ? await withoutEngine(plan, catalogue, wanted)
      : (JSON.parse(body) as { places: ReplayedPlace[] }).places;
  if (options.json === true) process.stdout.write(`${JSON.stringify({ places })}\n`);
  else for (const place of places) process.stdout.write(`${lineOf(buffer, place)}\n`);
  const rows = places.reduce((sum, place) => sum + place.rows, 0);
  const when = body === undefined ? "are read again by the next run" : "are read again now";
  if (options.json !== true) process.stderr.write(`${rows} data points ${when}\n`);
}

async function withoutEngine(plan: Plan, catalogue: Catalogue, wanted: Replay): Promise<readonly ReplayedPlace[]> {
  const node = plan.buffers.find(({ name }) => name === wanted.buffer);
  if (node?.definition.kind !== "buffer" || !node.definition.durable) {
    const rule = "only its engine can: none runs";
    throw new EngineError("CONNECTION_FAILED", `Cannot read the buffer "${wanted.buffer}" again as ${rule}`);
  }
  const buffer = await node.definition.open(node.settings as never, contextOf(plan, catalogue, node.name));
  try {
    return await rewound(buffer, wanted);
  } finally {
    await buffer.close();
  }
}

function lineOf(buffer: string, { consumer, partition, position, rows }: ReplayedPlace): string {
  return `${buffer}[${partition}] -> ${consumer}: ${rows} data points from position ${position}`;
}
