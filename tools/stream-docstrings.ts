import { readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

/** The six lines in which an operator states what it promises, in order. */
export const contractLines = ["Emits", "Backpressures", "Completes", "Cancels", "State", "Delivery"] as const;

/** What a docstring says. */
export interface Docstring {
  /** Before the contract, links taken out. */
  readonly prose: string;
  readonly contract: ReadonlyMap<string, string>;
  /** Names in its `@link`s, in order. */
  readonly links: readonly string[];
  readonly internal: boolean;
}

/** A declaration and the file it stands in, from the root of the project. */
export interface Declared {
  readonly node: ts.Node;
  readonly file: string;
}

interface SourceText {
  readonly imports: ReadonlyMap<string, { readonly file: string; readonly name: string }>;
  readonly declarations: ReadonlyMap<string, ts.Node>;
}

/** Reads declarations of the project and follows names through imports, without types. */
export class Declarations {
  readonly #root: string;
  readonly #files = new Map<string, SourceText>();

  constructor(root: string) {
    this.#root = root;
  }

  /** What a name, or a member of what is named, means in a file: declared there or imported. */
  find(file: string, path: string): Declared | undefined {
    const [name = "", member] = path.split(".");
    if (member !== undefined) return memberOf(this.find(file, name), member);
    const text = this.#read(file);
    const node = text.declarations.get(name);
    if (node !== undefined) return { node, file };
    const imported = text.imports.get(name);
    return imported === undefined ? undefined : this.find(imported.file, imported.name);
  }

  /** The values that a door exports from below a folder, in order of its text. */
  exportsOf(door: string, folder: string): { readonly name: string; readonly declared: Declared }[] {
    const parsed = this.#parse(door);
    return parsed.statements.flatMap((statement) => {
      if (!ts.isExportDeclaration(statement) || statement.isTypeOnly) return [];
      const file = targetOf(door, statement.moduleSpecifier);
      if (file === undefined || !file.startsWith(folder)) return [];
      const clause = statement.exportClause;
      if (clause === undefined || !ts.isNamedExports(clause)) return [];
      return clause.elements.flatMap((element) => {
        const declared = element.isTypeOnly ? undefined : this.find(file, element.name.text);
        return declared === undefined ? [] : [{ name: element.name.text, declared }];
      });
    });
  }

  #read(file: string): SourceText {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const imports = new Map<string, { file: string; name: string }>();
    const declarations = new Map<string, ts.Node>();
    for (const statement of this.#parse(file).statements) {
      if (ts.isImportDeclaration(statement)) addImports(imports, file, statement);
      else if (ts.isVariableStatement(statement)) {
        for (const { name, initializer } of statement.declarationList.declarations) {
          if (ts.isIdentifier(name) && initializer !== undefined) declarations.set(name.text, initializer);
        }
      } else if (isNamed(statement) && !declarations.has(statement.name.text)) {
        declarations.set(statement.name.text, statement);
      }
    }
    const text = { imports, declarations };
    this.#files.set(file, text);
    return text;
  }

  #parse(file: string): ts.SourceFile {
    return ts.createSourceFile(file, readFileSync(join(this.#root, file), "utf8"), ts.ScriptTarget.Latest, true);
  }
}

/** The members of an object, if that is what is declared. */
export function propertiesOf(node: ts.Node): readonly ts.ObjectLiteralElementLike[] {
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return propertiesOf(node.expression);
  return ts.isObjectLiteralExpression(node) ? node.properties : [];
}

function memberOf(declared: Declared | undefined, name: string): Declared | undefined {
  if (declared === undefined) return undefined;
  const { node, file } = declared;
  const members = ts.isClassDeclaration(node) || ts.isInterfaceDeclaration(node) ? node.members : propertiesOf(node);
  const member = [...members].find((candidate) => candidate.name?.getText() === name);
  return member === undefined ? undefined : { node: member, file };
}

/** The docstring right above a declaration. */
export function docstringOf(node: ts.Node): Docstring {
  const text = node.getSourceFile().text;
  const ranges = ts.getLeadingCommentRanges(text, node.pos) ?? [];
  const [comment = ""] = ranges
    .map(({ pos, end }) => text.slice(pos, end))
    .filter((raw) => raw.startsWith("/**"))
    .slice(-1);
  const lines = comment
    .slice(3, -2)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
  const contract = new Map<string, string>();
  const prose: string[] = [];
  let current: string | undefined;
  for (const line of lines) {
    const [, name, said] = /^(Emits|Backpressures|Completes|Cancels|State|Delivery):\s+(.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      current = name;
      contract.set(name, said ?? "");
    } else if (current !== undefined && /^\s+\S/.test(line)) {
      contract.set(current, `${contract.get(current)} ${line.trim()}`);
    } else {
      current = undefined;
      if (contract.size === 0) prose.push(line.trim());
    }
  }
  const said = prose.join(" ").split(/\s@(?=param|returns|throws|internal|see)/)[0] ?? "";
  const links = [...said.matchAll(/\{@link ([\w.]+)\}/g)].map(([, name]) => name ?? "");
  const bare = said.replaceAll(/[,.:]?\s*\{@link [\w.]+\}/g, (link) => (/^[.]/.test(link) ? "." : ""));
  return { prose: bare.trim().replaceAll(/\s+/g, " "), contract, links, internal: comment.includes("@internal") };
}

function addImports(
  imports: Map<string, { file: string; name: string }>,
  file: string,
  { moduleSpecifier, importClause }: ts.ImportDeclaration,
): void {
  const target = targetOf(file, moduleSpecifier);
  const bindings = importClause?.namedBindings;
  if (target === undefined || bindings === undefined || !ts.isNamedImports(bindings)) return;
  for (const { name, propertyName } of bindings.elements) {
    imports.set(name.text, { file: target, name: propertyName?.text ?? name.text });
  }
}

function targetOf(file: string, specifier: ts.Expression | undefined): string | undefined {
  if (specifier === undefined || !ts.isStringLiteral(specifier) || !specifier.text.startsWith(".")) return undefined;
  return normalize(join(dirname(file), specifier.text));
}

function isNamed(statement: ts.Statement): statement is ts.Statement & { readonly name: ts.Identifier } {
  return "name" in statement && statement.name !== undefined && ts.isIdentifier(statement.name as ts.Node);
}
