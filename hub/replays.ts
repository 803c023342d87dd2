import { z } from "zod";
import type { Buffer, ReplayedPlace, ReplayStart } from "../blocks/model/buffer.ts";
import { didYouMean } from "../config/suggestion.ts";
import type { Plan } from "../graphs/plan.ts";
import { EngineError } from "../runtime/errors.ts";
import { moment } from "./query-parameters.ts";

const parameters = z.strictObject({
  buffer: z.string(),
  /** ISO 8601, a date, or ms since the epoch: of entry into the buffer. */
  from: z.string().optional(),
  position: z.number().int().min(1).optional(),
  partition: z.number().int().min(0).optional(),
  segment: z.string().optional(),
});

/** What a replay may say, as text. */
export type ReplayParameters = z.output<typeof parameters>;

/** A replay of a graph. */
export interface Replay {
  readonly buffer: string;
  /** Names of the segments that read again. */
  readonly segments: readonly string[];
  readonly start: ReplayStart;
  /** The only one that is meant; absent: all. */
  readonly partition?: number | undefined;
}

/** @throws {EngineError} `USAGE_INVALID` where the graph has no such buffer or segment, or no one start is given. */
export function readReplay(body: unknown, plan: Plan): Replay {
  const { success, data, error } = parameters.safeParse(body);
  if (!success) {
    const [issue] = error.issues;
    throw refused(`${issue?.path.join(".")} does not fit: ${issue?.message}`);
  }
  const { buffer, from, position, partition } = data;
  const names = plan.buffers.map(({ name }) => name);
  if (!names.includes(buffer)) {
    throw refused(`the graph has no buffer "${buffer}"${didYouMean(buffer, names) || `: it has ${names.join(", ")}`}`);
  }
  if ((from === undefined) === (position === undefined)) {
    throw refused("it must begin at either a time (--from) or a position (--from-position)");
  }
  const readers = plan.segments
    .filter(({ reads }) => reads.some(({ name }) => name === buffer))
    .map(({ name }) => name);
  const { segment } = data;
  if (segment !== undefined && !readers.includes(segment)) {
    throw refused(`no segment "${segment}" reads "${buffer}": there are ${readers.join(", ") || "none"}`);
  }
  const start = position === undefined ? { time: moment("from", from ?? "") } : { position };
  return { buffer, segments: segment === undefined ? readers : [segment], start, partition };
}

/** Moves the segments back in the buffer; none of them may read meanwhile. */
export async function rewound(
  buffer: Buffer,
  { buffer: name, segments, start, partition }: Replay,
): Promise<readonly ReplayedPlace[]> {
  const { partitions } = buffer;
  if (partition !== undefined && partition >= partitions) {
    throw refused(`the buffer "${name}" has the partitions 0 to ${partitions - 1}: it is ${partition}`);
  }
  if ("position" in start && partition === undefined && partitions > 1) {
    throw refused(`a position is one of a partition: say which of the ${partitions} of "${name}" (--partition)`);
  }
  if (buffer.rewind === undefined) throw refused(`a buffer of the type of "${name}" keeps nothing that is settled`);
  return buffer.rewind(segments, start, partition);
}

const refused = (rule: string) => new EngineError("USAGE_INVALID", `Cannot replay as ${rule}`);
