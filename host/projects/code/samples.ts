import type { ActivityPin } from '../../../registry/index.ts';
import { CodeOwner, type Compiler } from './compiler.ts';

/** The activities that come with the product, compiled when they are first asked for. */
export class Samples {
  readonly #scripts: ReadonlyMap<string, string>;
  readonly #compiler: Compiler;
  readonly #owner = new CodeOwner();
  #pins: Promise<ReadonlyMap<string, ActivityPin>> | null = null;

  /** `scripts`: name → text of a script that exports `main`; what begins with `_` the others share. */
  constructor(scripts: ReadonlyMap<string, string>, compiler: Compiler) {
    this.#scripts = scripts;
    this.#compiler = compiler;
  }

  /** By name. Rejects when the build or the store fails; that is tried again next time. */
  pins(): Promise<ReadonlyMap<string, ActivityPin>> {
    this.#pins ??= this.#build().catch((error: unknown) => {
      this.#pins = null;
      throw error;
    });
    return this.#pins;
  }

  async #build(): Promise<ReadonlyMap<string, ActivityPin>> {
    const files = new Map([...this.#scripts].map(([name, text]) => [`${name}.ts`, text]));
    const names = [...this.#scripts.keys()].filter((name) => !name.startsWith('_')).sort();
    const pins = names.map(async (name) => {
      const made = await this.#compiler.compile({ kind: 'activity', entry: `${name}.ts`, files }, this.#owner);
      if (!made.ok) throw new Error(`built-in activity ${name}: ${JSON.stringify(made.faults)}`);
      const { digest } = made.bundle;
      return [name, { kind: 'built-in', digest, export: 'main', component: null, version: null }] as const;
    });
    return new Map(await Promise.all(pins));
  }
}
