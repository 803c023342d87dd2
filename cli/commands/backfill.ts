import { backfill, type BackfillAnswer, type BackfillParameters, readBackfill } from "../../hub/backfills.ts";
import { systemClock } from "../../runtime/clock/system-clock.ts";
import { type GraphStore, graphStore } from "../graph-store.ts";
import { ProgressBar } from "../output/progress-bar.ts";

export interface BackfillOptions {
  readonly derivator: string[];
  readonly from: string;
  readonly to: string;
  readonly where?: string;
  readonly store?: string;
  readonly points: string;
  readonly set?: string[];
  readonly json?: boolean;
}

/** Different failures that are told of. */
const failuresMax = 20;

/** What all pieces did together. */
interface Summary {
  series: number;
  points: number;
  readonly buckets: Record<string, number>;
  readonly failures: BackfillAnswer["failures"][number][];
}

/**
 * Fills stored history piece by piece: through the running engine, which lets its graph go on between two pieces for as long as
 * one took; where none runs, in the store itself.
 */
export async function backfillStore(file: string, selector: string, options: BackfillOptions): Promise<void> {
  const { derivator, from, to, where, points } = options;
  const graph = await graphStore({ ...options, graph: file });
  const given = readBackfill({
    ...{ selector, from, to, derivators: derivator, points_max: Number(points), store: graph.name },
    ...(where !== undefined && { where }),
  });
  const bar = new ProgressBar(process.stderr);
  const summary: Summary = { series: 0, points: 0, buckets: {}, failures: [] };
  const note = (piece: BackfillAnswer) => {
    add(summary, piece);
    bar.draw(
      piece.seriesDone / piece.series,
      `${piece.seriesDone} of ${piece.series} series, ${totalOf(summary)} buckets`,
    );
  };
  try {
    const after = await inPieces(given, note, (piece) => throughEngine(graph, piece));
    if (after !== "done") {
      await graph.owning((store) =>
        inPieces({ ...given, ...(after && { after }) }, note, (piece) =>
          backfill(graph.context, graph.name, store, piece),
        ),
      );
    }
  } finally {
    bar.end();
  }
  print(summary, options.json === true);
}

/** @returns undefined where no engine runs. */
async function throughEngine(graph: GraphStore, piece: BackfillParameters): Promise<BackfillAnswer | undefined> {
  const askedAt = systemClock.monotonic();
  const body = await graph.ask("/api/v1/backfill", { method: "POST", body: piece });
  if (body === undefined) return undefined;
  const tookMs = systemClock.monotonic() - askedAt;
  await new Promise<void>((resolve) => systemClock.after(tookMs, resolve));
  return JSON.parse(body) as BackfillAnswer;
}

/** @returns where it got to, where nobody fills the next piece. */
async function inPieces(
  given: BackfillParameters,
  note: (piece: BackfillAnswer) => void,
  fill: (given: BackfillParameters) => Promise<BackfillAnswer | undefined>,
): Promise<BackfillParameters["after"] | "done"> {
  let { after } = given;
  do {
    const piece = await fill({ ...given, ...(after !== undefined && { after }) });
    if (piece === undefined) return after;
    note(piece);
    after = piece.next;
  } while (after !== undefined);
  return "done";
}

function add(summary: Summary, { series, points, buckets, failures }: BackfillAnswer): void {
  summary.series = series;
  summary.points += points;
  for (const [period, count] of Object.entries(buckets)) {
    summary.buckets[period] = (summary.buckets[period] ?? 0) + count;
  }
  for (const failure of failures) {
    const known = summary.failures.findIndex(({ reason }) => reason === failure.reason);
    const buckets = failure.buckets + (summary.failures[known]?.buckets ?? 0);
    if (known === -1 && summary.failures.length < failuresMax) summary.failures.push(failure);
    else if (known !== -1) summary.failures[known] = { ...failure, buckets };
  }
}

function totalOf({ buckets }: Summary): number {
  return Object.values(buckets).reduce((sum, count) => sum + count, 0);
}

function print(summary: Summary, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  for (const [period, count] of Object.entries(summary.buckets)) process.stdout.write(`${period} ${count}\n`);
  for (const { reason, buckets } of summary.failures) process.stderr.write(`${reason} (${buckets} buckets)\n`);
  process.stderr.write(`Filled ${totalOf(summary)} buckets of ${summary.series} series\n`);
}
