import ivm from 'isolated-vm';

/** The only file that sees isolated-vm. Nothing of its types leaves it. */

/** A place to keep compiled forms of source text, made here and never taken from outside. */
export class CodeCache {
  #data: ivm.ExternalCopy<ArrayBuffer> | null = null;
  #tried = false;
  /** It was made after a run: it holds the functions that a run calls. V8 compiles each when it is first called. */
  isWarm = false;

  /** Whether a compiled form is there. */
  get isFilled(): boolean {
    return this.#data !== null;
  }

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

/** What an isolate is told when its run begins: settings as JSON text, the argument as JSON text. */
export interface Start {
  readonly settings: string;
  readonly params: string;
}

/** A run that passes through what most runs pass through. */
const REHEARSAL = {
  settings: JSON.stringify({
    entry: 'main',
    run: { startedAt: '', deterministic: false },
    env: {},
    limits: { calls: 1, inFlight: 1, argBytes: 100, resultBytes: 100, logLines: 1 },
    seed: '',
  }),
  bundle: '$start((core) => ({ main: () => (core.log("info", "", {}), core.call("", {})) }))',
} as const;

/** Source text up to this length is read from its compiled form on the main loop: that takes less than to change threads. */
const SHORT_CHARS = 128 * 1024;

/**
 * A fresh V8 isolate with the prelude evaluated and no script in it yet. `enter…` may be called after `install`; each entry
 * is under a time limit of its own. After `dispose` every entry ends with `disposed`.
 */
export class Isolate {
  readonly heapMb: number;
  readonly #isolate: ivm.Isolate;
  readonly #context: ivm.Context;
  readonly #prelude: ivm.Reference;
  #begin: ivm.Reference | null = null;
  #deliver: ivm.Reference | null = null;
  #outlet: Outlet | null = null;
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

  /** Makes what is the same in every run, and keeps the two doors. What the guest posts goes nowhere before `enterStart`. */
  install(): void {
    const post = new ivm.Callback((...message: Parameters<Outlet>) => this.#outlet?.(...message), { ignored: true });
    try {
      const doors: ivm.Reference = this.#prelude.applySync(undefined, [post], {
        timeout: 1_000,
        result: { reference: true },
      });
      this.#begin = doors.getSync('begin', { reference: true });
      this.#deliver = doors.getSync('deliver', { reference: true });
    } catch {
      // Without doors nothing can be started in it: the run that gets it ends with `error`.
    }
  }

  /**
   * Takes the prelude through a run of nothing, and fills its cache with all that V8 compiled for that; isolates made from then
   * on do not compile it again. This one is spent: no script may come into it.
   */
  rehearse(prelude: Code): void {
    this.install();
    this.#begin?.applySync(undefined, [REHEARSAL.settings, '{}'], { timeout: 1_000 });
    this.#isolate.compileScriptSync(REHEARSAL.bundle).runSync(this.#context, { timeout: 1_000 });
    this.#deliver?.applySync(undefined, ['answer', 0, '{"ok":{}}'], { timeout: 1_000 });
    const options = { filename: prelude.filename, produceCachedData: true };
    prelude.cache.keep(this.#isolate.compileScriptSync(prelude.source, options));
  }

  /**
   * Binds the isolate to a run and starts the bundle, whose text is `$start(…)`, in it; resolves when this entry is over. The
   * settings and the bundle are two entries, each under its limit, that the isolate's thread takes one after the other.
   */
  enterStart(code: Code, run: Start, outlet: Outlet, timeoutMs: () => number): Promise<EntryFault | null> {
    this.#outlet = outlet;
    let limitMs = 0;
    const limited = (): number => {
      limitMs = timeoutMs();
      return limitMs;
    };
    return this.#settle(
      async () => {
        const begun = this.#begin?.apply(undefined, [run.settings, run.params], { timeout: limited() });
        const started = this.#run(code, limited);
        for (const entry of await Promise.allSettled([begun, started])) {
          if (entry.status === 'rejected') throw entry.reason;
        }
      },
      () => limitMs,
    );
  }

  /** Calls `deliver`; resolves when this entry is over. */
  enterDeliver(kind: string, id: number, text: string, timeoutMs: number): Promise<EntryFault | null> {
    const entry = async (): Promise<void> => {
      await this.#deliver?.apply(undefined, [kind, id, text], { timeout: timeoutMs });
    };
    return this.#settle(entry, () => timeoutMs);
  }

  async #run(code: Code, timeoutMs: () => number): Promise<void> {
    const options = code.cache.options(code.filename);
    const isShort = code.cache.isFilled && code.source.length <= SHORT_CHARS;
    const script = isShort
      ? this.#isolate.compileScriptSync(code.source, options)
      : await this.#isolate.compileScript(code.source, options);
    code.cache.keep(script);
    await script.run(this.#context, { timeout: timeoutMs() });
  }

  /**
   * Makes the compiled form anew, of all that the run which is over has called; runs from then on do not compile it again.
   * No code of the script runs for that. Resolves when the isolate's thread is through; never rejects.
   */
  async learn(code: Code): Promise<void> {
    code.cache.isWarm = true;
    try {
      code.cache.keep(
        await this.#isolate.compileScript(code.source, { filename: code.filename, produceCachedData: true }),
      );
    } catch {
      // The isolate is at its end: what is there already serves as before.
    }
  }

  /** Asks a sealed isolate, whose prelude is one function from text to text. */
  async ask(question: string, timeoutMs: number): Promise<{ readonly text: string } | { readonly fault: EntryFault }> {
    let text = '';
    const entry = async (): Promise<void> => {
      text = String(await this.#prelude.apply(undefined, [question], { timeout: timeoutMs, result: { copy: true } }));
    };
    const fault = await this.#settle(entry, () => timeoutMs);
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

  /**
   * Awaits one entry that begins now and may take `limitMs`. What it rejects with can be a script's own, down to the text:
   * isolated-vm passes on the reason of a promise that nobody handled. So the text counts only where it can be true.
   */
  async #settle(entry: () => Promise<void>, limitMs: () => number): Promise<EntryFault | null> {
    const began = performance.now();
    try {
      await entry();
      return null;
    } catch (error) {
      const text = error instanceof Error ? error.message : '';
      if (this.isDisposed) return text.includes('memory limit') ? 'memory' : 'disposed';
      return text.includes('timed out') && performance.now() - began >= limitMs() - 1 ? 'timeout' : 'error';
    }
  }
}
