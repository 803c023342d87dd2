/** What the blocks of one run have in common, by key; see `BlockContext.shared`. As many entries as blocks ask for. */
export function sharedState(): <T>(key: string, make: () => T) => T {
  const made = new Map<string, unknown>();
  return <T>(key: string, make: () => T) => {
    if (!made.has(key)) made.set(key, make());
    return made.get(key) as T;
  };
}
