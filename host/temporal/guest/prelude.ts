/**
 * What stands in front of the guest bundle and runs once per workflow thread, outside of any run: the engine and the code inside it,
 * for all runs of the thread. A run can change nothing of it.
 */
import { fromBase64 } from './wire.ts';

/** The metered engine, base64; put in by the bundler. */
declare const CLOISTER_ENGINE: string;
/** Text of `inner/main.ts`, bundled; put in by the bundler. */
declare const CLOISTER_INNER: string;

/** What a run finds under `globalThis.__cloister_engine`. */
export interface EngineParts {
  /** Compiled once. */
  readonly module: () => WebAssembly.Module;
  /** The instance that was made last. */
  readonly instance: () => WebAssembly.Instance | undefined;
  readonly inner: string;
  /** A value for all runs of the thread. */
  readonly kept: () => unknown;
  readonly keep: (value: unknown) => void;
}

let module: WebAssembly.Module | undefined;
let instance: WebAssembly.Instance | undefined;
let kept: unknown;

type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

Object.assign(WebAssembly, {
  // A promise that the engine settles is not deterministic in the workflow VM.
  instantiate: (made: WebAssembly.Module, imports: Imports) => {
    instance = new WebAssembly.Instance(made, imports);
    return Promise.resolve(instance);
  },
});

const parts: EngineParts = {
  module: () => {
    module ??= new WebAssembly.Module(fromBase64(CLOISTER_ENGINE));
    return module;
  },
  instance: () => instance,
  inner: CLOISTER_INNER,
  kept: () => kept,
  keep: (value) => {
    kept = value;
  },
};
Object.assign(globalThis, { __cloister_engine: parts });
