/**
 * Whether the text has no lone surrogates. UTF-8 cannot carry one, so two texts that differ only there would become one in a
 * store.
 */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udfff]/.test(text) || !/\p{Surrogate}/u.test(text);
}
