import { CST, Lexer } from "yaml";

/**
 * Finds the first place where a text nests deeper than `depthMax`, or would if it were composed: the parser recurses, so this is
 * looked at before. Indentation counts as nesting, since each level of a block indents by at least one column.
 *
 * @returns Offset of the place; undefined where the whole text is shallow enough.
 */
export function tooDeepAt(text: string, depthMax: number, columnsMax = 4 * depthMax): number | undefined {
  let offset = 0;
  let flow = 0;
  let columns = 0;
  let lineStart = true;
  let scalar = false;
  for (const token of new Lexer().lex(text)) {
    // What follows the mark of a scalar is its text, whatever it looks like.
    const type: string | null = scalar ? "text" : CST.tokenType(token);
    scalar = type === "scalar";
    if (type === "flow-map-start" || type === "flow-seq-start") flow += 1;
    else if (type === "flow-map-end" || type === "flow-seq-end") flow = Math.max(0, flow - 1);
    else if (type === "newline") columns = 0;
    else if (type === "space" && lineStart) columns = token.length;
    else if (flow === 0 && blockIndicators.has(type ?? "")) columns += 1;
    if (flow > depthMax || columns > columnsMax) return offset;
    lineStart = type === "newline";
    if (!markers.has(type ?? "")) offset += token.length;
  }
  return undefined;
}

const blockIndicators: ReadonlySet<string> = new Set(["seq-item-ind", "explicit-key-ind", "map-value-ind"]);

/** Tokens of the lexer that stand for nothing in the text. */
const markers: ReadonlySet<string> = new Set(["doc-mode", "flow-error-end", "scalar"]);
