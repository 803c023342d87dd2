import type { Turn } from "./fused-state.ts";
import { roundsMax } from "./stepped-turn.ts";
import { isSink, isSource, type Kernel } from "./kernel.ts";

/** Makes the turn of one run from the kernels of that run. */
export type TurnFactory = (functions: readonly unknown[]) => Turn;

/** Numbers the generated functions: equal text would share what the compiler has learnt of other graphs. */
let made = 0;

/**
 * Generates the loop of one row of stages. In a loop that many graphs share, each call meets many functions and many shapes of
 * elements, and none can be inlined; in one of its own an element costs a fifth. The text is made of the kinds of the stages and of
 * counts alone: functions come as arguments.
 *
 * @param body What `factoryText` gave.
 * @returns undefined where the process refuses code from strings.
 */
export function compile(body: string): TurnFactory | undefined {
  made += 1;
  try {
    return new Function("functions", `"use strict"; // ${made}\n${body}`) as TurnFactory;
  } catch (thrown) {
    if (thrown instanceof EvalError) return undefined;
    throw thrown;
  }
}

/** Which function each stage calls, undefined for none. */
export function functionsOf(kernels: readonly Kernel[]): readonly (object | undefined)[] {
  return kernels.map((kernel) => ("run" in kernel ? kernel.run : undefined));
}

/** The body of the function that makes the turn. */
export function factoryText(kernels: readonly Kernel[]): string {
  const functions = kernels.map((_, index) => `const f${index} = functions[${index}];`).join("\n");
  const kept = kernels.flatMap(({ kind }, index) => (remembering.has(kind) ? [index] : []));
  const watched = kernels.flatMap(({ kind }, index) => (kind === "monitor" ? [index] : []));
  const source = isSource(kernels[0]) ? kernels[0].kind : "input";
  const entry = kernels.findIndex(({ kind }) => kind === "loopEntry");
  const stages = kernels.map(stageText);
  const leaves = isSink(kernels.at(-1))
    ? ""
    : "outputs[filled] = value;\nfilled += 1;\nif (filled === outputs.length) break;";
  const reads = `left -= 1;
        at = 0;
        ${readText[source]}
        value = read;`;
  // What is held has come as far as the entry of the loop.
  const begins =
    entry < 0
      ? reads
      : `if (held === undefined) {
          ${reads}
          ${stages.slice(0, entry).join("\n        ")}
        } else {
          value = held;
          held = undefined;
        }`;
  return `${functions}
return function turn(state, elementsMax, outputs) {
  const cells = state.cells;
  ${kept.map((index) => `let c${index} = cells[${index}];`).join("\n  ")}
  ${watched.map((index) => `let m${index} = c${index}.element;`).join("\n  ")}
  let at = 0, ended = -1, left = elementsMax, filled = state.filled;
  ${entry < 0 ? "" : `let held = state.held, rounds = ${roundsMax};`}
  ${source === "iterable" ? "const iterator = state.iterator;" : "const elements = state.elements; let next = state.index;"}
  try {
    while (${entry < 0 ? "left > 0" : "held !== undefined || left > 0"}) {
      element: {
        let value;
        ${begins}
        ${stages.slice(Math.max(0, entry)).join("\n        ")}
        ${leaves}
      }
      if (ended >= 0${entry < 0 ? "" : " || held !== undefined"}) break;
    }
  } finally {
    ${kept.map((index) => `cells[${index}] = c${index};`).join("\n    ")}
    ${watched.map((index) => `c${index}.element = m${index};`).join("\n    ")}
    ${source === "iterable" ? "" : "state.index = next;"}
    ${entry < 0 ? "" : "state.held = held;"}
    state.at = at;
    state.left = left;
    state.filled = filled;
    if (ended > state.ended) state.ended = ended;
  }
};`;
}

const remembering: ReadonlySet<string> = new Set<Kernel["kind"]>([
  ...(["take", "drop", "dropWhile", "zipWithIndex", "monitor", "scan", "fold", "grouped", "into"] as const),
]);

const presentText = "if (read === undefined || read === null) throw state.absent(0, read);";

/** How the next element is read; what comes in was looked at where it was pushed. */
const readText = {
  input: "const read = elements[next++];",
  array: `const read = elements[next++];
      if (next >= elements.length) ended = 1;
      ${presentText}`,
  iterable: `const step = iterator.next();
      if (step === undefined || step.done === true) { state.iterator = undefined; ended = 1; break; }
      const read = step.value;
      ${presentText}`,
} as const;

function stageText(kernel: Kernel, index: number): string {
  return `at = ${index};\n${bodyText(kernel, index)}`;
}

function bodyText(kernel: Kernel, index: number): string {
  const run = `f${index}`;
  const present = `if (value === undefined || value === null) throw state.absent(${index}, value);`;
  switch (kernel.kind) {
    case "map":
      return `value = ${run}(value);\n${present}`;
    case "filter":
      return `if (!${run}(value)) break element;`;
    case "collect":
      return `value = ${run}(value);\nif (value === undefined) break element;\n${present}`;
    case "drop":
      return `if (c${index} >= 1) { c${index} -= 1; break element; }`;
    case "takeWhile":
      return `if (!${run}(value)) { ended = ${index + 1}; ${kernel.inclusive ? "" : "break element;"} }`;
    case "dropWhile":
      return `if (c${index}) { c${index} = ${run}(value); if (c${index}) break element; }`;
    case "zipWithIndex":
      return `value = [value, c${index}];\nc${index} += 1;`;
    case "monitor":
      return `m${index} = value;`;
    case "take":
      return `c${index} -= 1;\nif (c${index} < 1) ended = ${index + 1};`;
    case "scan":
      return `value = ${run}(c${index}, value);\n${present}\nc${index} = value;`;
    case "fold":
      return `c${index} = ${run}(c${index}, value);\nbreak element;`;
    case "into":
      return `c${index} = ${run}(c${index}, value);`;
    case "grouped":
      return `c${index}.elements[c${index}.size] = value;\nc${index}.size += 1;\nif (c${index}.size < ${kernel.count}) break element;\nvalue = c${index}.take();`;
    case "foreach":
      return `${run}(value);`;
    case "loopEntry":
      return "for (;;) {";
    case "loopExit":
      return `const way = ${run}(value);
        if (way !== 0 && way !== 1) throw state.noBranch(way);
        if (way !== ${kernel.again}) break;
        if (rounds < 1) { held = value; break element; }
        rounds -= 1;
        }`;
    case "array":
    case "iterable":
      return "";
  }
}
