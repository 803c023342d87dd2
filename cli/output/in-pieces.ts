/** Characters after which a piece is handed on: a write for each line would cost more than the line. */
const pieceMin = 65_536;

/** The same text in fewer, longer pieces. */
export function* inPieces(texts: Iterable<string>): Generator<string, void, undefined> {
  let piece = "";
  for (const text of texts) {
    piece += text;
    if (piece.length < pieceMin) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}
