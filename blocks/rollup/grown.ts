/** A longer column that begins with what is in this one, and goes on with zeros. */
export function grown<T extends Float64Array | Uint32Array>(column: T, length: number): T {
  const longer = (column instanceof Float64Array ? new Float64Array(length) : new Uint32Array(length)) as T;
  longer.set(column);
  return longer;
}
