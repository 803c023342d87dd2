/**
 * Finds what lies on directed cycles.
 *
 * @returns the strongly connected sets of nodes that hold a cycle, each once.
 * @see R. Tarjan, "Depth-first search and linear graph algorithms", 1972
 */
export function ringsOf<N>(nodes: Iterable<N>, nextOf: (node: N) => Iterable<N>): Set<N>[] {
  const rings: Set<N>[] = [];
  const order = new Map<N, number>();
  const lowest = new Map<N, number>();
  const stack: N[] = [];
  const onStack = new Set<N>();
  /** A stack of its own: a line of stages may be longer than calls can be deep. */
  const calls: { readonly node: N; readonly rest: Iterator<N> }[] = [];

  const enter = (node: N) => {
    order.set(node, order.size);
    lowest.set(node, order.size - 1);
    stack.push(node);
    onStack.add(node);
    calls.push({ node, rest: nextOf(node)[Symbol.iterator]() });
  };
  const lower = (node: N, to: number) => lowest.set(node, Math.min(lowest.get(node) ?? to, to));
  const leave = (node: N) => {
    calls.pop();
    const caller = calls.at(-1);
    if (caller !== undefined) lower(caller.node, lowest.get(node) ?? 0);
    if (lowest.get(node) !== order.get(node)) return;
    const ring = new Set<N>(stack.splice(stack.lastIndexOf(node)));
    for (const each of ring) onStack.delete(each);
    if (ring.size > 1 || [...nextOf(node)].includes(node)) rings.push(ring);
  };

  for (const start of nodes) {
    if (!order.has(start)) enter(start);
    for (let call = calls.at(-1); call !== undefined; call = calls.at(-1)) {
      const step = call.rest.next();
      if (step.done === true) leave(call.node);
      else if (!order.has(step.value)) enter(step.value);
      else if (onStack.has(step.value)) lower(call.node, order.get(step.value) ?? 0);
    }
  }
  return rings;
}
