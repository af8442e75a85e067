/** Parsing of files that strangers wrote, where it holds up nobody else and nobody else's memory grows. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseYaml, type YamlDocument } from './document.ts';

/** Up to this length, in characters, a text takes a few milliseconds at worst and is parsed at once. */
const SHORT = 8 * 1024;

/** A text within the caps takes a third of a second; the parser is not ours, and what it does with a text is not promised. */
const LIMIT_MS = 10_000;
const HEAP_MB = 256;

/** A process ends when nobody came for this long, or after so many texts. */
const IDLE_MS = 1_000;
const TEXTS = 50;

/** Processor time of a process, seconds: so that one that spins does not outlive a host that was killed. */
const CPU_S = 60;

/**
 * As `parseYaml`, in a process with limits of time and memory unless the text is short. Texts wait for each other in order.
 * Rejects only when there can be no process.
 */
export function parseAside(text: string, tokensLeft: number): Promise<YamlDocument> {
  if (text.length <= SHORT) return Promise.resolve(parseYaml(text, tokensLeft));
  return parser.parse(text, tokensLeft);
}

/** What a process runs, and how long a text may take. */
export interface ParserOptions {
  readonly program: string;
  readonly limitMs: number;
}

/** A process that is there as long as it is needed. Its program answers each `{ text, tokensLeft }` with a `YamlDocument`. */
export class Parser {
  readonly #options: ParserOptions;
  #child: ChildProcess | null = null;
  #texts = 0;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | null = null;

  constructor(options: ParserOptions) {
    this.#options = options;
  }

  /** A text that passes a limit of time or memory is a document with a fault. Rejects when there can be no process. */
  parse(text: string, tokensLeft: number): Promise<YamlDocument> {
    const work = this.#last.then(() => this.#parse(text, tokensLeft));
    this.#last = work.catch(() => undefined);
    return work;
  }

  async #parse(text: string, tokensLeft: number): Promise<YamlDocument> {
    if (this.#idle) clearTimeout(this.#idle);
    const child = this.#open();
    const ending = new AbortController();
    const { signal } = ending;
    const late = setTimeout(() => ending.abort(), this.#options.limitMs);
    try {
      const ended = once(child, 'exit', { signal }).then(() => unread('a file that ends the parser'));
      const answered = once(child, 'message', { signal }).then(([document]) => document as YamlDocument);
      ended.catch(() => undefined);
      child.send({ text, tokensLeft });
      return await Promise.race([answered, ended]);
    } catch (error) {
      this.#close();
      if (signal.aborted) return unread('a file that takes too long to read');
      throw error;
    } finally {
      clearTimeout(late);
      ending.abort();
      this.#rest(child);
    }
  }

  #open(): ChildProcess {
    const kept = this.#child;
    const child = kept?.connected && this.#texts < TEXTS ? kept : this.#start();
    this.#texts += 1;
    child.ref();
    child.channel?.ref();
    return child;
  }

  #start(): ChildProcess {
    this.#close();
    const words = [process.execPath, `--max-old-space-size=${HEAP_MB}`, this.#options.program];
    const child = spawn('/bin/sh', ['-c', `ulimit -t ${CPU_S}; exec "$0" "$@"`, ...words], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      serialization: 'advanced',
      env: {},
    });
    this.#child = child;
    this.#texts = 0;
    return child;
  }

  #rest(child: ChildProcess): void {
    child.unref();
    child.channel?.unref();
    this.#idle = setTimeout(() => this.#close(), IDLE_MS).unref();
  }

  #close(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }
}

/** One for the whole host: strangers' files wait for each other and not for the host. */
const parser = new Parser({ program: fileURLToPath(new URL('./child.ts', import.meta.url)), limitMs: LIMIT_MS });

function unread(found: string): YamlDocument {
  return { root: null, faults: [{ at: { line: 1, column: 1 }, found }], tokens: 0 };
}
