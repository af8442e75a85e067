import { type Document, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, type Node, parseDocument } from 'yaml';
import type { Position, YamlEntry, YamlNode } from './node.ts';

/** Largest YAML file, bytes. */
export const MAX_YAML_BYTES = 256 * 1024;
/** Deepest nesting, aliases included. */
export const MAX_YAML_DEPTH = 64;
/** Values of one file, each use of an alias counted with all it stands for. */
export const MAX_YAML_NODES = 20_000;

/** Tokens of one file: an ordinary value takes five. More of them would keep the host's thread busy for too long. */
export const MAX_YAML_TOKENS = 80_000;

/** Faults that are told of one file. */
const MOST_FAULTS = 100;

/** Longest text of the parser's: some repeat a whole block of the file. */
const FAULT_CHARS = 300;

/** A syntax problem: `found` is the parser's text. */
export interface YamlFault {
  readonly at: Position;
  readonly found: string;
}

/** A parsed file. `root` is null when it is empty or has faults. */
export interface YamlDocument {
  readonly root: YamlNode | null;
  readonly faults: readonly YamlFault[];
  /** What it cost to read. */
  readonly tokens: number;
}

/** Keys that name the prototype chain, and `<<`, which other YAML versions read as a merge and 1.2 does not. */
const REFUSED_KEYS = new Set(['__proto__', '<<']);

/**
 * Parses one document of YAML 1.2 core: `no`, `on`, dates and `1:30` are strings; tags outside core, duplicate keys, keys
 * that are not scalars, numbers JSON cannot hold and whatever passes a cap are faults. `tokensLeft`: of the whole project.
 */
export function parseYaml(text: string, tokensLeft = MAX_YAML_TOKENS): YamlDocument {
  const { tokens, excess } = count(text, tokensLeft);
  if (excess !== null) return { root: null, faults: [{ at: { line: 1, column: 1 }, found: excess }], tokens };
  const lines = new LineCounter();
  // Unique keys are checked by the reader below: the parser's own check takes quadratic time.
  const document = withoutStacks(() =>
    parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      resolveKnownTags: false,
      stringKeys: true,
      uniqueKeys: false,
      prettyErrors: false,
      lineCounter: lines,
      logLevel: 'error',
    }),
  );
  const reader = new Reader(document, lines);
  const root = reader.faults.length > 0 ? null : reader.read();
  return { root: reader.faults.length > 0 ? null : root, faults: reader.faults, tokens };
}

interface Counted {
  readonly tokens: number;
  /** What makes the text too much to parse at all. */
  readonly excess: string | null;
}

function count(text: string, tokensLeft: number): Counted {
  let tokens = 0;
  let unmatched = 0;
  const open: string[] = [];
  const stop = (excess: string | null): Counted => ({ tokens, excess });
  if (Buffer.byteLength(text) > MAX_YAML_BYTES) return stop(`more than ${MAX_YAML_BYTES} bytes`);
  if (tokensLeft <= 0) return stop('a file beyond what is read of one project');
  for (const token of new Lexer().lex(text)) {
    tokens += 1;
    if (token === '[' || token === '{') open.push(token === '[' ? ']' : '}');
    else if ((token === ']' || token === '}') && open.pop() !== token) unmatched += 1;
    if (unmatched > MOST_FAULTS) return stop(`more than ${MOST_FAULTS} brackets that close nothing`);
    if (tokens > MAX_YAML_TOKENS) return stop(`more than ${MAX_YAML_TOKENS} tokens`);
    if (open.length > MAX_YAML_DEPTH) return stop(`more than ${MAX_YAML_DEPTH} levels`);
  }
  return stop(null);
}

/** The parser makes an error object for each mistake; with a stack in each, a file full of them takes seconds. */
function withoutStacks<T>(work: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0;
  try {
    return work();
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/** Turns the parser's nodes into ours, expanding aliases under the caps. */
class Reader {
  readonly faults: YamlFault[];
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  readonly #anchors = new Map<string, Node>();
  #count = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
    this.faults = [...document.errors, ...document.warnings].slice(0, MOST_FAULTS).map((error) => ({
      at: this.#position(error.pos[0]),
      found: error.message.split('\n', 1)[0]?.slice(0, FAULT_CHARS) ?? error.code,
    }));
  }

  read(): YamlNode | null {
    const { contents } = this.#document;
    return contents === null ? null : this.#node(contents, null, 1);
  }

  /** `usedAt` is the place of the alias through which the node was reached. */
  #node(node: Node | null, usedAt: Position | null, depth: number): YamlNode {
    const at = usedAt ?? this.#position(node?.range?.[0] ?? 0);
    const nothing: YamlNode = { kind: 'scalar', at, value: null };
    if (this.faults.length > 0 || node === null) return nothing;
    this.#count += 1;
    if (this.#count > MAX_YAML_NODES) return this.#fault(at, `more than ${MAX_YAML_NODES} values`, nothing);
    if (depth > MAX_YAML_DEPTH) return this.#fault(at, `more than ${MAX_YAML_DEPTH} levels`, nothing);
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source);
      if (target === undefined) return this.#fault(at, `alias *${node.source} without an anchor before it`, nothing);
      return this.#node(target, at, depth + 1);
    }
    if ('anchor' in node && typeof node.anchor === 'string' && usedAt === null) this.#anchors.set(node.anchor, node);
    if (isSeq(node)) {
      return { kind: 'list', at, items: node.items.map((item) => this.#node(item as Node, usedAt, depth + 1)) };
    }
    if (isMap(node)) return { kind: 'map', at, entries: this.#entries(node.items as readonly Pair[], usedAt, depth) };
    return isScalar(node) ? this.#scalar(node, at) : nothing;
  }

  #entries(pairs: readonly Pair[], usedAt: Position | null, depth: number): YamlEntry[] {
    const seen = new Set<string>();
    return pairs.map((pair) => {
      const keyAt = usedAt ?? this.#position(pair.key.range?.[0] ?? 0);
      const key = isScalar(pair.key) ? String(pair.key.value ?? '') : '';
      if (!isScalar(pair.key)) this.#fault(keyAt, 'a key that is not a string', null);
      if (seen.has(key)) this.#fault(keyAt, `the key ${JSON.stringify(key)} again`, null);
      if (REFUSED_KEYS.has(key)) this.#fault(keyAt, `the key ${JSON.stringify(key)}, which is not allowed`, null);
      seen.add(key);
      return { key, keyAt, value: this.#node(pair.value ?? null, usedAt ?? (pair.value ? null : keyAt), depth + 1) };
    });
  }

  #scalar(node: { readonly value: unknown; source?: string }, at: Position): YamlNode {
    const { value } = node;
    if (typeof value === 'number' && !isExact(value, node.source)) {
      this.#fault(at, `the number ${node.source ?? value}, which JSON cannot hold exactly (quote it)`, null);
    }
    const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
    return { kind: 'scalar', at, value: plain ? value : null };
  }

  #fault<T>(at: Position, found: string, result: T): T {
    if (this.faults.length === 0) this.faults.push({ at, found });
    return result;
  }

  #position(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

interface Pair {
  readonly key: Node;
  readonly value: Node | null;
}

function isExact(value: number, source: string | undefined): boolean {
  if (!Number.isFinite(value)) return false;
  return Number.isSafeInteger(value) || !/^[-+]?(\d+|0[xo][\da-fA-F]+)$/.test(source ?? '');
}
