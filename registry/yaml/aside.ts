/** Parsing of files that strangers wrote, where it holds up nobody else. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { parseYaml, type YamlDocument } from './document.ts';

/** Up to this length, in characters, a text takes a few milliseconds at worst and is parsed at once. */
const SHORT = 8 * 1024;

/** A text within the caps takes a third of a second; the parser is not ours, and what it does with a text is not promised. */
const LIMIT_MS = 10_000;
const IDLE_MS = 1_000;
const HEAP_MB = 256;

/**
 * As `parseYaml`, on a thread with limits of time and memory unless the text is short. Texts wait for each other in order.
 * Rejects only when there can be no thread.
 */
export function parseAside(text: string, tokensLeft: number): Promise<YamlDocument> {
  if (text.length <= SHORT) return Promise.resolve(parseYaml(text, tokensLeft));
  return thread.parse(text, tokensLeft);
}

/** What a thread runs, and for how long at most. */
export interface ThreadOptions {
  readonly program: URL;
  readonly limitMs: number;
}

/** A thread that is there as long as it is needed. It answers each `{ text, tokensLeft }` with a `YamlDocument`. */
export class Thread {
  readonly #options: ThreadOptions;
  #worker: Worker | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | null = null;

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** A text that passes a limit of time or memory is a document with a fault. Rejects when there can be no thread. */
  parse(text: string, tokensLeft: number): Promise<YamlDocument> {
    const work = this.#last.then(() => this.#parse(text, tokensLeft));
    this.#last = work.catch(() => undefined);
    return work;
  }

  async #parse(text: string, tokensLeft: number): Promise<YamlDocument> {
    if (this.#idle) clearTimeout(this.#idle);
    const worker = this.#open();
    worker.ref();
    const late = AbortSignal.timeout(this.#options.limitMs);
    try {
      const answer = once(worker, 'message', { signal: late }) as Promise<[YamlDocument]>;
      worker.postMessage({ text, tokensLeft });
      const [document] = await answer;
      return document;
    } catch (error) {
      await this.#close();
      if (!late.aborted && !isOutOfMemory(error)) throw error;
      return unread(late.aborted ? 'a file that takes too long to read' : 'a file that takes too much memory to read');
    } finally {
      this.#worker?.unref();
      this.#idle = setTimeout(() => void this.#close(), IDLE_MS).unref();
    }
  }

  #open(): Worker {
    const limits = { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 32, stackSizeMb: 4 };
    this.#worker ??= new Worker(this.#options.program, {
      resourceLimits: limits,
      env: {},
      argv: [],
      execArgv: [],
    });
    return this.#worker;
  }

  async #close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }
}

/** One for the whole host: strangers' files wait for each other and not for the host. */
const thread = new Thread({ program: new URL('./thread.ts', import.meta.url), limitMs: LIMIT_MS });

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function unread(found: string): YamlDocument {
  return { root: null, faults: [{ at: { line: 1, column: 1 }, found }], tokens: 0 };
}
