const drops = "What it drops depends on how far downstream has come.";
const gathers = "What it gathers depends on how far upstream has run ahead of demand.";
const repeats = "What it repeats depends on how much demand comes between two elements.";
const pairs = "Which elements meet depends on when each arrives.";
const ends = "What passes before it ends depends on how far upstream has run ahead.";
const order = "The order of two inlets is that of arrival, alone or in chunks.";

/** Operators whose output depends on when what happens, so that boundaries may change it, and why. */
export const timely: Readonly<Record<string, string>> = {
  "KillSwitches.shared (aborts)": ends,
  "KillSwitches.single (shuts down)": ends,
  MergeLatest: pairs,
  "RestartFlow.onFailuresWithBackoff": "What is under way when a flow fails is lost.",
  "RestartFlow.withBackoff": "What is under way when a flow ends is lost.",
  WireTap: drops,
  ZipLatest: pairs,
  batch: gathers,
  batchWeighted: gathers,
  "buffer (dropBuffer)": drops,
  "buffer (dropHead)": drops,
  "buffer (dropTail)": drops,
  "buffer (fail)": drops,
  conflate: gathers,
  conflateWithSeed: gathers,
  expand: repeats,
  extrapolate: repeats,
  "groupBy (too many)": "Its failure overtakes elements, of other keys than the one that came first.",
  mergeLatest: pairs,
  zipLatest: pairs,
};

/** Operators whose output has the same elements in any run, in an order that boundaries and chunks may change, and why. */
export const reordering: Readonly<Record<string, string>> = {
  Balance: order,
  Broadcast: order,
  "Broadcast (first cancels)": order,
  "GraphDSL.create (cycle)": order,
  "GraphDSL.create (diamond)": order,
  Merge: order,
  MergePreferred: order,
  MergePrioritized: order,
  Partition: order,
  flatMapMerge: order,
  groupBy: order,
  mapAsyncUnordered: "The order is that of the results.",
  merge: order,
  mergePreferred: order,
  mergeSubstreamsWithParallelism: order,
};
