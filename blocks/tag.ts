import { integer, record } from "../config/declare.ts";
import { GraphStage, GraphStageLogic, Inlet, type Shape } from "../runtime/streams/graph-stage.ts";
import { type BlockContext, defineBlock } from "./model/component.ts";
import { periodOf } from "./model/period.ts";
import type { Series } from "./model/series.ts";
import { shardOf } from "./model/shard.ts";
import { lowerBound } from "./rollup/merge-points.ts";
import { sharderSetting, storeSetting, tagCacheDefault } from "./rollup/settings.ts";
import type { TagUpdates } from "./rollup/updates.ts";

const settings = record({
  store: storeSetting(),
  sharder: sharderSetting(),
  tag_cache: integer("Pairs of series and shard that are remembered as written; beyond it the oldest is forgotten.", {
    min: 1,
    default: tagCacheDefault,
  }),
});

type Settings = { store: string; sharder: "day" | "month"; tag_cache: number };

class TagShape implements Shape {
  readonly in = new Inlet<TagUpdates>("in");
  readonly inlets = [this.in];
  readonly outlets = [];
}

/**
 * Keeps the tag index: in which shards of time each series has data points.
 *
 * Emits:         nothing.
 * Backpressures: while an update is written.
 * Completes:     when upstream completes and the last update is durable.
 * Cancels:       never, unless the store fails.
 * State:         at most `tag_cache` pairs of series and shard that are written already; the oldest is forgotten.
 * Delivery:      the receipts of an update are held until it is durable; a repeated one is known and costs nothing.
 */
class TagStage extends GraphStage<TagShape> {
  readonly shape = new TagShape();
  readonly #given: Settings;
  readonly #context: BlockContext;

  constructor(given: Settings, context: BlockContext) {
    super();
    this.#given = given;
    this.#context = context;
  }

  createLogic(): TagLogic {
    return new TagLogic(this.shape, this.#given, this.#context);
  }
}

class TagLogic extends GraphStageLogic {
  readonly #inlet: Inlet<TagUpdates>;
  readonly #given: Settings;
  readonly #context: BlockContext;
  readonly #written = new Set<string>();
  #busy = false;

  constructor(shape: TagShape, given: Settings, context: BlockContext) {
    super(shape);
    this.#inlet = shape.in;
    this.#given = given;
    this.#context = context;
    this.setHandler(shape.in, {
      onPush: () => this.#begin(this.grab(shape.in)),
      onUpstreamFinish: () => {
        if (!this.#busy) this.completeStage();
      },
    });
  }

  override preStart(): void {
    this.setKeepGoing(true);
    this.pull(this.#inlet);
  }

  #begin(updates: TagUpdates): void {
    const tags = this.#unwritten(updates);
    if (tags.length === 0) {
      this.#done(updates);
      return;
    }
    this.#busy = true;
    const done = this.getAsyncCallback(() => {
      this.#busy = false;
      this.#remember(tags);
      this.#done(updates);
    });
    const failed = this.getAsyncCallback((error: Error) => this.failStage(error));
    this.#context
      .store(this.#given.store)
      .write({ tags })
      .then(() => done(undefined), failed);
  }

  #unwritten(updates: TagUpdates): { series: Series; shard: string }[] {
    const { sharder } = this.#given;
    const period = periodOf(sharder === "day" ? "1d" : "1mo");
    const tags: { series: Series; shard: string }[] = [];
    for (const { series, time } of updates.touched) {
      // Only shards with a point: what lies between two points would depend on which of them came together.
      for (let row = 0; row < time.length; ) {
        const at = time[row] as number;
        const shard = shardOf(sharder, at);
        if (!this.#written.has(`${series}/${shard}`)) tags.push({ series: updates.table.at(series), shard });
        row = lowerBound(time, period.next(period.start(at)), row + 1);
      }
    }
    return tags;
  }

  #remember(tags: readonly { series: Series; shard: string }[]): void {
    for (const { series, shard } of tags) this.#written.add(`${series.index}/${shard}`);
    for (const oldest of this.#written) {
      if (this.#written.size <= this.#given.tag_cache) break;
      this.#written.delete(oldest);
    }
  }

  #done(updates: TagUpdates): void {
    for (const receipt of updates.receipts) receipt.release();
    if (this.isClosed(this.#inlet)) this.completeStage();
    else this.pull(this.#inlet);
  }
}

export const tagBlock = defineBlock({
  type: "tag",
  summary: "Keeps the index of tagsets by shard of time.",
  accepts: ["tags"],
  outlets: {},
  bounds: true,
  settings,
  open: (given, context) => new TagStage(given, context),
});
