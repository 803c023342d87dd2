/** A small stream that somebody else runs in the same process. */
export interface OtherGraph {
  readonly make: (index: number) => unknown;
  readonly keeps: (element: unknown) => boolean;
  readonly change: (element: unknown) => unknown;
}

/** Ties the shape of its elements while it is written down. */
function graph<T>(
  make: (index: number) => T,
  keeps: (element: T) => boolean,
  change: (element: T) => unknown,
): OtherGraph {
  return { make, keeps, change } as OtherGraph;
}

/** Elements of each: enough that its functions are compiled. */
const otherElements = 20_000;

/** What goes through each of the other graphs: from arrays and from generators in turn, as the programs of users have both. */
export function otherInputs(): { readonly graph: OtherGraph; readonly elements: Iterable<unknown> }[] {
  return otherGraphs.map((graph, index) => {
    const elements = made(graph);
    return { graph, elements: index % 2 === 0 ? [...elements] : elements };
  });
}

function* made({ make }: OtherGraph): Generator<unknown> {
  for (let at = 0; at < otherElements; at += 1) yield make(at);
}

/**
 * Sixteen, each with functions and a shape of element of its own. A process that has run them has no call site left that has only
 * seen the workload: what a benchmark of one graph alone flatters.
 */
const otherGraphs: readonly OtherGraph[] = [
  graph(
    (at) => ({ a: at, value: at / 2 }),
    ({ a }) => a % 3 !== 0,
    ({ a, value }) => ({ sum: a + value }),
  ),
  graph(
    (at) => ({ value: at, b: at / 2 }),
    ({ b }) => b > 1,
    ({ value, b }) => ({ value: value - b, b }),
  ),
  graph(
    (at) => ({ c: String(at), value: at }),
    ({ c }) => c !== "7",
    ({ c }) => ({ length: c.length }),
  ),
  graph(
    (at) => at,
    (element) => element % 5 !== 0,
    (element) => element * 2,
  ),
  graph(
    (at) => at / 3,
    (element) => element > 2,
    (element) => Math.floor(element),
  ),
  graph(
    (at) => `s${at % 100}`,
    (element) => element !== "s3",
    (element) => element.length,
  ),
  graph(
    (at) => [at, at / 2] as const,
    ([first]) => first % 2 === 0,
    ([first, second]) => first + second,
  ),
  graph(
    (at) => ({ series: at, time: at, quality: 1 }),
    ({ time }) => time > 10,
    ({ series }) => ({ series }),
  ),
  graph(
    (at) => ({ time: at, series: at % 9 }),
    ({ series }) => series !== 4,
    ({ time }) => ({ time, late: false }),
  ),
  graph(
    (at) => ({ d: { e: at } }),
    ({ d }) => d.e > 5,
    ({ d }) => d,
  ),
  graph(
    (at) => ({ name: "meter", at, good: at % 2 === 0 }),
    ({ good }) => good,
    ({ at }) => ({ at, name: "other" }),
  ),
  graph(
    (at) => ({ low: at, high: at + 1, mean: at / 2 }),
    ({ low }) => low > 3,
    ({ high, mean }) => high - mean,
  ),
  graph(
    (at) => ({ x: at, y: at / 7, z: 0 }),
    ({ y }) => y < 1e9,
    ({ x, y, z }) => ({ x: y, y: z, z: x }),
  ),
  graph(
    (at) => new Date(at),
    (element) => element.getTime() > 3,
    (element) => element.getTime(),
  ),
  graph(
    (at) => ({ key: at % 16, count: 1 }),
    ({ key }) => key !== 5,
    ({ key, count }) => ({ key, count: count + 1 }),
  ),
  graph(
    (at) => ({ unit: "kWh", value: at }),
    ({ value }) => value !== 2,
    ({ unit, value }) => ({ value, unit }),
  ),
];
