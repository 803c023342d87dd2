import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import {
  contractLines,
  type Declared,
  Declarations,
  type Docstring,
  docstringOf,
  propertiesOf,
} from "./stream-docstrings.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Public names that join, run or name blueprints, and so have no contract of their own. */
const noOperators: ReadonlySet<string> = new Set(
  (
    "via viaMat to toMat runWith runWatched mapMaterializedValue named async withSupervision of " +
    "fromStage fromGraph GraphDSL Keep RunnableGraph"
  ).split(" "),
);

interface Operator {
  readonly title: string;
  readonly signature: string;
  readonly prose: string;
  /** One, or one for each kind of input. */
  readonly contracts: readonly ReadonlyMap<string, string>[];
}

export interface OperatorsPage {
  readonly text: string;
  /** Names of the operators, as a reader would call them. */
  readonly titles: readonly string[];
  /** Operators that lack a line of their contract, and which. */
  readonly faults: readonly string[];
}

/** `docs/reference/operators.md`. It follows from the docstrings of `runtime/streams` and nothing else. */
export function operatorsPage(): OperatorsPage {
  const sections = sectionsOf(new Declarations(root));
  const operators = sections.flatMap(([, list]) => list);
  const faults = operators.flatMap(({ title, contracts }) => {
    if (contracts.length === 0) return [`${title}: no contract`];
    const missing = contractLines.filter((line) => contracts.some((contract) => !contract.get(line)));
    return missing.map((line) => `${title}: ${line}`);
  });
  const head = [
    "# Operators",
    "What every source, flow, sink and junction of the runtime promises: when it emits, backpressures, completes and cancels, what it" +
      " holds and what it delivers. Flows are methods of sources and flows alike.",
    "This page is written from the docstrings of `runtime/streams` by `npm run docs`.",
  ];
  const parts = sections.flatMap(([name, list]) => [`## ${name}`, ...list.map(partOf)]);
  return { text: `${[...head, ...parts].join("\n\n")}\n`, titles: operators.map(({ title }) => title), faults };
}

function sectionsOf(declarations: Declarations): [string, Operator[]][] {
  const found = { Sources: [], Flows: [], Sinks: [], Junctions: [], Others: [] } as Record<string, Operator[]>;
  const exported = declarations.exportsOf("millrace.ts", "runtime/streams/");
  const add = (section: string, title: string, declared: Declared) => {
    if (found[section]?.some((operator) => operator.title === title)) return;
    const operator = operatorOf(declarations, title, declared);
    if (operator !== undefined) found[section]?.push(operator);
  };
  for (const { name, declared } of exported) {
    if (noOperators.has(name)) continue;
    const { node, file } = declared;
    if (ts.isClassDeclaration(node)) {
      if (extendsGraphStage(declarations, declared)) add("Junctions", name, declared);
      const blueprint = name === "Source" || name === "Flow";
      for (const method of methodsOf(declarations, declared)) {
        const { isStatic, name: title } = method;
        if (noOperators.has(title) && title !== "of") continue;
        if (!isStatic) {
          if (blueprint) add("Flows", title, method.declared);
        } else
          add(
            { Source: "Sources", Sink: "Sinks", Flow: "Flows" }[name] ?? "Others",
            `${name}.${title}`,
            method.declared,
          );
      }
    }
    for (const property of propertiesOf(node)) {
      add("Others", `${name}.${property.name?.getText() ?? ""}`, { node: property, file });
    }
  }
  const subFlow = declarations.find("runtime/streams/sub-flow.ts", "SubFlow");
  if (subFlow !== undefined) {
    for (const method of methodsOf(declarations, subFlow)) {
      if (method.isStatic) continue;
      if (method.name.includes("Substreams")) add("Flows", method.name, method.declared);
      else if (method.name === "to") add("Sinks", "SubFlow.to", method.declared);
    }
  }
  const sections = Object.entries(found).filter(([, list]) => list.length > 0);
  return sections.map(([name, list]) => [name, list.sort((a, b) => (a.title < b.title ? -1 : 1))]);
}

/** @returns undefined for what is internal. */
function operatorOf(declarations: Declarations, title: string, { node, file }: Declared): Operator | undefined {
  const own = docstringOf(node);
  if (own.internal) return undefined;
  const linked = own.links.flatMap((link): Docstring[] => {
    const target = declarations.find(file, link);
    return target === undefined ? [] : [docstringOf(target.node)];
  });
  const described = own.contract.size > 0 ? [own] : linked.filter(({ contract }) => contract.size > 0);
  const prose = [own.prose, ...linked.map((docstring) => docstring.prose)].filter((text) => text !== "");
  return {
    title,
    signature: signatureOf(node, title),
    prose: prose.join(" "),
    contracts: described.map(({ contract }) => contract),
  };
}

function partOf({ title, signature, prose, contracts }: Operator): string {
  const lists = contracts.map((contract) =>
    contractLines.map((line) => `- ${line}: ${contract.get(line) ?? "not said."}`).join("\n"),
  );
  const between = "\n\nOr, for the other kind of input:\n\n";
  return [`### \`${title}\``, `\`\`\`ts\n${signature}\n\`\`\``, prose, lists.join(between)].join("\n\n");
}

/** The declaration on one line, without body and modifiers. */
function signatureOf(node: ts.Node, title: string): string {
  if (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) {
    const parameters = node.parameters.map((parameter) => parameter.getText()).join(", ");
    return `${title}(${parameters})`.replaceAll(/\s+/g, " ").replaceAll(/, \)/g, ")");
  }
  if (ts.isClassDeclaration(node)) {
    const built = node.members.find(ts.isConstructorDeclaration);
    const parameters = built?.parameters.map((parameter) => parameter.getText()).join(", ") ?? "";
    return `new ${title}(${parameters})`.replaceAll(/\s+/g, " ");
  }
  return title;
}

interface Method {
  readonly name: string;
  readonly isStatic: boolean;
  readonly declared: Declared;
}

/** Methods of a class and of those it extends, abstract and private ones aside. */
function methodsOf(declarations: Declarations, { node, file }: Declared): Method[] {
  if (!ts.isClassDeclaration(node)) return [];
  const own = node.members.filter(ts.isMethodDeclaration).flatMap((member): Method[] => {
    const modifiers = ts.getModifiers(member)?.map(({ kind }) => kind) ?? [];
    const hidden = [ts.SyntaxKind.PrivateKeyword, ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.AbstractKeyword];
    if (modifiers.some((kind) => hidden.includes(kind)) || !ts.isIdentifier(member.name)) return [];
    const isStatic = modifiers.includes(ts.SyntaxKind.StaticKeyword);
    return [{ name: member.name.text, isStatic, declared: { node: member, file } }];
  });
  // What a stage has is for those who write stages.
  if (extendsGraphStage(declarations, { node, file })) return own.filter(({ isStatic }) => isStatic);
  const base = baseOf(declarations, { node, file });
  if (base === undefined) return own;
  return [...own, ...methodsOf(declarations, base).filter(({ isStatic }) => !isStatic)];
}

function baseOf(declarations: Declarations, { node, file }: Declared): Declared | undefined {
  if (!ts.isClassDeclaration(node)) return undefined;
  const clause = node.heritageClauses?.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword);
  const [type] = clause?.types ?? [];
  return type === undefined ? undefined : declarations.find(file, type.expression.getText());
}

function extendsGraphStage(declarations: Declarations, declared: Declared): boolean {
  const base = baseOf(declarations, declared);
  if (base === undefined) return false;
  return (
    (ts.isClassDeclaration(base.node) && base.node.name?.text === "GraphStage") || extendsGraphStage(declarations, base)
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, "docs/reference/operators.md"), operatorsPage().text);
}
