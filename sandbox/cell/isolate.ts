import ivm from 'isolated-vm';

/** The only file that sees isolated-vm. Nothing of its types leaves it. */

/** A place to keep compiled forms of source text, made here and never taken from outside. */
export class CodeCache {
  #data: ivm.ExternalCopy<ArrayBuffer> | null = null;
  #tried = false;

  options(filename: string): ivm.ScriptInfo {
    return { filename, ...(this.#data ? { cachedData: this.#data } : { produceCachedData: !this.#tried }) };
  }

  /** Takes over what a compilation made (isolated-vm's types leave these two properties out). */
  keep(script: ivm.Script & { cachedData?: ivm.ExternalCopy<ArrayBuffer>; cachedDataRejected?: boolean }): void {
    this.#tried = true;
    if (script.cachedDataRejected) this.#data = null;
    else if (script.cachedData) this.#data = script.cachedData;
  }
}

/** Source text with its cache. */
export interface Code {
  readonly source: string;
  readonly filename: string;
  readonly cache: CodeCache;
}

/** The guest's one way out, called on the cell's main loop. Strings and numbers only. */
export type Outlet = (kind: string, id: number, a: string, b: string) => void;

/** Why an entry into the isolate did not return. */
export type EntryFault = 'timeout' | 'memory' | 'disposed' | 'error';

/**
 * A fresh V8 isolate with the prelude evaluated and no script in it yet. `enter…` may be called after `install`; each entry
 * is under a time limit of its own. After `dispose` every entry ends with `disposed`.
 */
export class Isolate {
  readonly heapMb: number;
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #prelude: ivm.Reference;
  #start: ivm.Reference | null = null;
  #deliver: ivm.Reference | null = null;
  #spentMs = 0;
  onCatastrophe: (message: string) => void = () => undefined;

  constructor(heapMb: number, prelude: Code) {
    this.heapMb = heapMb;
    this.#isolate = new ivm.Isolate({
      memoryLimit: heapMb,
      onCatastrophicError: (message) => this.onCatastrophe(message),
    });
    this.#context = this.#isolate.createContextSync();
    const script = this.#isolate.compileScriptSync(prelude.source, prelude.cache.options(prelude.filename));
    prelude.cache.keep(script);
    this.#prelude = script.runSync(this.#context, { timeout: 1_000, reference: true });
  }

  /** Sets the run up: hands the outlet in and keeps the two doors. */
  install(settings: string, outlet: Outlet): void {
    const post = new ivm.Callback(outlet, { ignored: true });
    const doors: ivm.Reference = this.#prelude.applySync(undefined, [post, settings], {
      timeout: 1_000,
      result: { reference: true },
    });
    this.#start = doors.getSync('start', { reference: true });
    this.#deliver = doors.getSync('deliver', { reference: true });
  }

  /** Compiles the bundle and calls `start` with it; resolves when this entry is over. */
  enterStart(code: Code, params: string, timeoutMs: () => number): Promise<EntryFault | null> {
    return settle(async () => {
      const script = await this.#isolate.compileScript(code.source, code.cache.options(code.filename));
      code.cache.keep(script);
      const factory = await script.run(this.#context, { timeout: timeoutMs(), reference: true });
      await this.#start?.apply(undefined, [factory.derefInto(), params], { timeout: timeoutMs() });
    });
  }

  /** Delivers an answer or a due timer; resolves when this entry is over. */
  enterDeliver(kind: string, id: number, text: string, timeoutMs: number): Promise<EntryFault | null> {
    return settle(async () => {
      await this.#deliver?.apply(undefined, [kind, id, text], { timeout: timeoutMs });
    });
  }

  /** Asks a sealed isolate, whose prelude is one function from text to text. */
  async ask(question: string, timeoutMs: number): Promise<{ readonly text: string } | { readonly fault: EntryFault }> {
    let text = '';
    const fault = await settle(async () => {
      text = String(await this.#prelude.apply(undefined, [question], { timeout: timeoutMs, result: { copy: true } }));
    });
    return fault === null ? { text } : { fault };
  }

  /** CPU time so far, milliseconds; also readable while the isolate is busy and after its end. */
  get cpuMs(): number {
    try {
      this.#spentMs = Math.max(this.#spentMs, Number(this.#isolate.cpuTime) / 1e6);
    } catch {
      // Disposed: the last reading stands.
    }
    return this.#spentMs;
  }

  get isDisposed(): boolean {
    return this.#isolate.isDisposed;
  }

  /** Tells the isolate to stop and frees it. Its thread may stay in native code. */
  dispose(): void {
    void this.cpuMs;
    try {
      this.#isolate.dispose();
    } catch {
      // It has disposed of itself, over its heap limit.
    }
  }
}

/** Awaits one entry. What it rejects with is text of isolated-vm's own: scripts' errors never leave the isolate as such. */
async function settle(entry: () => Promise<void>): Promise<EntryFault | null> {
  try {
    await entry();
    return null;
  } catch (error) {
    const text = error instanceof Error ? error.message : '';
    if (text.includes('timed out')) return 'timeout';
    if (text.includes('memory limit')) return 'memory';
    return text.includes('disposed') ? 'disposed' : 'error';
  }
}
