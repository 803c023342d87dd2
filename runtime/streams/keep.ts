/** Which materialised value a combination keeps: for `viaMat` and `toMat`. */
export const Keep = {
  left: <L>(left: L, _right: unknown): L => left,
  right: <R>(_left: unknown, right: R): R => right,
  both: <L, R>(left: L, right: R): readonly [L, R] => [left, right],
  none: (_left: unknown, _right: unknown): void => undefined,
} as const;
