import { type Code, CodeCache, Isolate } from './isolate.ts';

const REHEARSAL_MB = 16;

/** Source text of the two preludes and of the tenant's bundles, each with its compiled form, and one isolate made ahead. */
export class Shelf {
  readonly #prelude: Code;
  readonly #sealed: Code;
  readonly #bundles = new Map<string, Code>();
  #spare: Isolate | null = null;

  constructor(prelude: string, sealed: string) {
    this.#prelude = { source: prelude, filename: 'cloister:prelude', cache: new CodeCache() };
    this.#sealed = { source: sealed, filename: 'cloister:sealed', cache: new CodeCache() };
    this.#rehearse();
  }

  /** An isolate in which nothing has run but the prelude. The caller owns it. */
  takeIsolate(heapMb: number): Isolate {
    const spare = this.#spare;
    if (spare?.heapMb !== heapMb) return this.#make(heapMb);
    this.#spare = null;
    return spare;
  }

  /** Makes the next isolate while nobody waits for it. */
  prepare(heapMb: number): void {
    if (this.#spare?.heapMb === heapMb) return;
    this.#spare?.dispose();
    this.#spare = this.#make(heapMb);
  }

  /** An isolate without any way out, for data that is code. The caller owns it. */
  takeSealed(heapMb: number): Isolate {
    return new Isolate(heapMb, this.#sealed);
  }

  /** The bundle of a digest; `source` puts it there. Null when the host sent a digest that is not here. */
  bundle(digest: string, source: string | undefined): Code | null {
    if (source !== undefined) {
      this.#bundles.set(digest, { source: started(source), filename: 'bundle', cache: new CodeCache() });
    }
    return this.#bundles.get(digest) ?? null;
  }

  forget(digest: string): void {
    this.#bundles.delete(digest);
  }

  #rehearse(): void {
    const isolate = new Isolate(REHEARSAL_MB, this.#prelude);
    try {
      isolate.rehearse(this.#prelude);
    } catch {
      // A machine too busy for it: isolates compile what they need, as if there were no cache.
    } finally {
      isolate.dispose();
    }
  }

  #make(heapMb: number): Isolate {
    const isolate = new Isolate(heapMb, this.#prelude);
    isolate.install();
    return isolate;
  }
}

/** The bundle, a function expression, as the one statement that starts it. */
function started(source: string): string {
  return `$start(${source}\n)`;
}
