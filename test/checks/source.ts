/** The project's sources, read with a real parser: what each file imports, exports and reads of the process. */
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSync } from '@swc/core';

/** One import of a file, also by `export … from`, `import()` or an import type. */
export interface Import {
  readonly from: string;
  readonly line: number;
  /** Nothing of it is left when the types are stripped. */
  readonly typeOnly: boolean;
}

/** What the checks look at. Lines count from 1. */
export interface Source {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly imports: readonly Import[];
  /** Lines of exports without a doc comment before them. */
  readonly bareExports: readonly number[];
  /** Lines that read `process.env` or import it. */
  readonly environmentReads: readonly number[];
}

/** The root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Every source file of the given top-level folders. */
export async function sourcesOf(...folders: readonly string[]): Promise<readonly Source[]> {
  const patterns = folders.map((folder) => `${folder}/**/*.{ts,mts,mjs,js}`);
  const paths = (await Array.fromAsync(glob(patterns, { cwd: root }))).filter((path) => !/\/fixtures\//.test(path));
  return Promise.all(paths.sort().map(async (path) => parseSource(path, await readFile(join(root, path), 'utf8'))));
}

interface Node {
  readonly type: string;
  readonly span?: { readonly start: number };
  readonly [field: string]: unknown;
}

/** Parses one file. Throws where it is not valid TypeScript. */
export function parseSource(path: string, text: string): Source {
  const bytes = Buffer.from(text);
  const tree = parseSync(text, { syntax: 'typescript', target: 'es2024' }) as unknown as Node & { body: Node[] };
  // swc counts in bytes, from 1.
  const before = (node: Node) => bytes.subarray(0, Math.max(0, (node.span?.start ?? 1) - 1)).toString();
  const lineOf = (node: Node) => before(node).split('\n').length;
  const all = [...nodesIn(tree)];
  return {
    path,
    imports: all.flatMap((node) => importOf(node, lineOf(node))),
    bareExports: bareExports(tree.body, before).map(lineOf),
    environmentReads: all.filter(readsEnvironment).map(lineOf),
  };
}

function* nodesIn(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodesIn(item);
  else if (typeof value === 'object' && value !== null) {
    if (isNode(value)) yield value;
    for (const field of Object.values(value)) yield* nodesIn(field);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function importOf(node: Node, line: number): Import[] {
  if (node.type === 'TsImportType') return [{ from: textOf(node.argument), line, typeOnly: true }];
  if (isNode(node.source) && /^(Import|Export)/.test(node.type)) {
    return [{ from: textOf(node.source), line, typeOnly: isTypeOnly(node) }];
  }
  const isDynamic = node.type === 'CallExpression' && isNode(node.callee) && node.callee.type === 'Import';
  const [first] = isDynamic && Array.isArray(node.arguments) ? node.arguments : [];
  return isDynamic ? [{ from: textOf(first?.expression), line, typeOnly: false }] : [];
}

/** A computed specifier has no text; nothing is allowed to import that. */
function textOf(node: unknown): string {
  return isNode(node) && typeof node.value === 'string' ? node.value : '(computed)';
}

function isTypeOnly(node: Node): boolean {
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : [];
  return node.typeOnly === true || (specifiers.length > 0 && specifiers.every(({ isTypeOnly }) => isTypeOnly));
}

/** A declaration that continues the one before it (an overload) has its comment there. */
function bareExports(body: readonly Node[], before: (node: Node) => string): readonly Node[] {
  const documented = new Set<unknown>();
  return body.filter((node) => {
    if (node.type !== 'ExportDeclaration' && !node.type.startsWith('ExportDefault')) return false;
    const name = nameOf(node.declaration);
    if (/\*\/\s*$/.test(before(node)) && lastComment(before(node)).startsWith('/**')) documented.add(name);
    return !documented.has(name);
  });
}

function lastComment(text: string): string {
  return text.slice(text.lastIndexOf('/*'));
}

function nameOf(declaration: unknown): unknown {
  if (!isNode(declaration)) return declaration;
  const id = declaration.identifier ?? declaration.id;
  return isNode(id) ? id.value : declaration;
}

function readsEnvironment(node: Node): boolean {
  const named = (value: unknown, name: string) => isNode(value) && value.value === name;
  if (node.type === 'MemberExpression') return named(node.object, 'process') && named(node.property, 'env');
  if (node.type === 'VariableDeclarator') {
    const names = isNode(node.id) && Array.isArray(node.id.properties) ? node.id.properties : [];
    return named(node.init, 'process') && names.some(({ key }) => named(key, 'env'));
  }
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : [];
  const fromProcess = node.type === 'ImportDeclaration' && /^(node:)?process$/.test(textOf(node.source));
  return fromProcess && specifiers.some(({ imported, local }) => named(imported ?? local, 'env'));
}
