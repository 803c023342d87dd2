/** Longer words are not compared: the work grows with the product of the lengths. */
const lengthMax = 64;

/**
 * The candidate nearest to a mistyped word, where one is near enough to be meant: at most 2 edits away, or a third of its length
 * where that is more. Words of up to 3 letters may differ by 1. The first of equals wins.
 */
export function suggestion(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > lengthMax) return undefined;
  let nearest: string | undefined;
  let least = word.length <= 3 ? 1 : Math.max(2, Math.floor(word.length / 3));
  for (const candidate of candidates) {
    if (candidate.length > lengthMax || candidate === word) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < least || (distance === least && nearest === undefined)) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

/** The end of a sentence that offers a suggestion, or nothing. */
export function didYouMean(word: string, candidates: Iterable<string>): string {
  const nearest = suggestion(word, candidates);
  return nearest === undefined ? "" : `: did you mean "${nearest}"?`;
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other.
 *
 * @see Damerau, A technique for computer detection and correction of spelling errors, 1964 (restricted form)
 */
export function editDistance(from: string, to: string): number {
  let older: number[] = [];
  let old = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const substitution = cell(old, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let least = Math.min(cell(old, j) + 1, cell(row, j - 1) + 1, substitution);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) least = Math.min(least, cell(older, j - 2) + 1);
      row.push(least);
    }
    older = old;
    old = row;
  }
  return cell(old, to.length);
}

function cell(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
