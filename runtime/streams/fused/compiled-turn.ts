import type { Turn } from "./fused-state.ts";
import { type BranchesKernel, isSink, isSource, type Kernel } from "./kernel.ts";

/** Makes the turn of one run from the kernels of that run. */
export type TurnFactory = (functions: readonly unknown[], elements: unknown) => Turn;

/** Numbers the generated functions: equal text would share what the compiler has learnt of other graphs. */
let made = 0;

/**
 * Generates the loop of one row of stages. In a loop that many graphs share, each call meets many functions and many shapes of
 * elements, and none can be inlined; in one of its own an element costs a fifth. The text is made of the kinds of the stages and of
 * counts alone: functions and elements come as arguments.
 *
 * @param body What `factoryText` gave.
 * @returns undefined where the process refuses code from strings.
 */
export function compile(body: string): TurnFactory | undefined {
  made += 1;
  try {
    return new Function("functions", "elements", `"use strict"; // ${made}\n${body}`) as TurnFactory;
  } catch (thrown) {
    if (thrown instanceof EvalError) return undefined;
    throw thrown;
  }
}

/** Which function each stage calls, undefined for none; then those inside branches. */
export function functionsOf(kernels: readonly Kernel[]): readonly (object | undefined)[] {
  const own = kernels.map((kernel) => ("run" in kernel ? kernel.run : undefined));
  const inside = kernels.flatMap((kernel) =>
    kernel.kind === "branches" ? [kernel.onCopy, ...kernel.branches.flat().map(({ run }) => run)] : [],
  );
  return [...own, ...inside];
}

/** The body of the function that makes the turn. */
export function factoryText(kernels: readonly Kernel[]): string {
  const functions = functionsOf(kernels)
    .map((_, index) => `const f${index} = functions[${index}];`)
    .join("\n");
  const kept = kernels.map((kernel, index) => ({ kernel, index })).filter(({ kernel }) => remembers(kernel));
  const source = kernels[0];
  return `${functions}
return function turn(state, input, elementsMax) {
  const cells = state.cells;
  ${kept.map(({ index }) => `let c${index} = cells[${index}];`).join("\n  ")}
  let at = 0, ended = -1, left = elementsMax, out;
  ${source?.kind === "array" ? "let next = state.index;" : "const iterator = state.iterator;"}
  try {
${isSource(source) ? sourceLoop(source.kind, stagesText(kernels, 1)) : elementText(stagesText(kernels, 0), "input")}
  } finally {
    ${kept.map(({ index }) => `cells[${index}] = c${index};`).join("\n    ")}
    ${source?.kind === "array" ? "state.index = next;" : ""}
    state.at = at;
    state.left = left;
    if (ended > state.ended) state.ended = ended;
  }
  return out;
};`;
}

function remembers(kernel: Kernel): boolean {
  return "zero" in kernel || "count" in kernel;
}

function sourceLoop(kind: "array" | "iterable", stages: string): string {
  const read =
    kind === "array"
      ? "const read = elements[next++];\nif (next >= elements.length) ended = 1;"
      : "const step = iterator.next();\nif (step === undefined || step.done === true) { state.iterator = undefined; ended = 1; break; }\nconst read = step.value;";
  return `while (left > 0) {
left -= 1;
at = 0;
${read}
if (read === undefined || read === null) throw state.absent(0, read);
${elementText(stages, "read")}
if (out !== undefined || ended >= 0) break;
}`;
}

function elementText(stages: string, element: string): string {
  return `element: {\nlet value = ${element};\n${stages}\n}`;
}

function stagesText(kernels: readonly Kernel[], first: number): string {
  const split = kernels.findIndex(({ kind }) => kind === "branches");
  const stages = (from: number, to: number, label: string) =>
    kernels.slice(from, to).map((kernel, index) => stageText(kernel, from + index, `f${from + index}`, label));
  if (split < 0)
    return [...stages(first, kernels.length, "element"), isSink(kernels.at(-1)) ? "" : "out = value;"].join("\n");
  const before = stages(first, split, "element");
  return [...before, branchesText(kernels, split, stages(split + 1, kernels.length, "branch"))].join("\n");
}

/** Each branch with a copy of all that follows, so that every call there knows what it is given. */
function branchesText(kernels: readonly Kernel[], split: number, after: readonly string[]): string {
  const { branches, onCopy } = kernels[split] as BranchesKernel;
  let next = kernels.length + 1;
  const texts = branches.map((branch) => {
    const stages = branch.map((stage) => {
      next += 1;
      return stageText(stage, next - 1, `f${next - 1}`, "branch");
    });
    return `branch: {\nif (ended > ${split}) break branch;\nlet value = whole;\n${[...stages, ...after].join("\n")}\n}`;
  });
  const told = onCopy === undefined || branches.length < 2 ? "" : `f${kernels.length}(value, ${branches.length - 1});`;
  return `at = ${split};\n${told}\nconst whole = value;\n${texts.join("\n")}`;
}

function stageText(kernel: Kernel, index: number, run: string, label: string): string {
  return `at = ${index};\n${bodyText(kernel, index, run, label)}`;
}

function bodyText(kernel: Kernel, index: number, run: string, label: string): string {
  const present = `if (value === undefined || value === null) throw state.absent(${index}, value);`;
  switch (kernel.kind) {
    case "map":
      return `value = ${run}(value);\n${present}`;
    case "filter":
      return `if (!${run}(value)) break ${label};`;
    case "take":
      return `c${index} -= 1;\nif (c${index} < 1) ended = ${index + 1};`;
    case "scan":
      return `c${index} = ${run}(c${index}, value);\nvalue = c${index};\n${present}`;
    case "fold":
      return `c${index} = ${run}(c${index}, value);\nbreak ${label};`;
    case "into":
      return `c${index} = ${run}(c${index}, value);`;
    case "grouped":
      return `c${index}.push(value);\nif (c${index}.length < ${kernel.count}) break ${label};\nvalue = c${index};\nc${index} = [];`;
    case "foreach":
      return `${run}(value);`;
    case "array":
    case "iterable":
    case "branches":
      return "";
  }
}
