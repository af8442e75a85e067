import type { Clock } from './clock.ts';
import { createConsole } from './console.ts';
import type { Core } from './core.ts';
import {
  apply,
  defineProperty,
  deleteProperty,
  freeze,
  PlainPromise,
  PlainTypeError,
  whenSettled,
} from './primordials.ts';
import type { Timers } from './timers.ts';

/** What the globals are made of. */
export interface Parts {
  readonly core: Core;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly seed: string;
  readonly fail: (thrown: unknown) => void;
}

/**
 * Puts the globals that people expect into a fresh realm. The small ones are made at once; the others are evaluated when the
 * script first touches them, so that a run which needs none pays for none.
 */
export function installGlobals(parts: Parts): void {
  const { core, timers } = parts;
  place('console', createConsole(core));
  place('process', freeze({ env: core.env }));
  place('setTimeout', (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    timers.set(callback, delay, args, false),
  );
  place('setInterval', (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    timers.set(callback, delay, args, true),
  );
  place('clearTimeout', (id: unknown) => timers.clear(id));
  place('clearInterval', (id: unknown) => timers.clear(id));
  place('queueMicrotask', (callback: unknown) => later(callback, parts.fail));
  lazily(['URL', 'URLSearchParams'], () => require('./url.ts'));
  lazily(['TextEncoder', 'TextDecoder'], () => require('./encoding.ts'));
  lazily(['atob', 'btoa', 'structuredClone'], () => require('./clone.ts'));
  lazily(['DOMException'], () => require('./exception.ts'));
  lazily(['AbortController', 'AbortSignal', 'Event', 'EventTarget'], () => require('./abort.ts').createAbort(timers));
  lazily(['fetch', 'Headers', 'Response'], () => require('./fetch.ts').createFetch(core));
  lazily(['crypto'], () => require('./crypto.ts').createCrypto(parts.seed));
  if ((core.run as { deterministic?: boolean }).deterministic) Math.random = lazyRandom(parts.seed);
}

/** Seeded numbers in place of V8's own; the generator is made with the first one. */
function lazyRandom(seed: string): () => number {
  let next: (() => number) | null = null;
  return () => {
    next ??= (require('./crypto.ts') as typeof import('./crypto.ts')).createRandom(seed);
    return next();
  };
}

function later(callback: unknown, fail: (thrown: unknown) => void): void {
  if (typeof callback !== 'function') throw new PlainTypeError('queueMicrotask takes a function');
  const run = callback as () => unknown;
  whenSettled(new PlainPromise<void>((resolve) => resolve()), () => apply(run, undefined, []), fail);
}

function place(name: string, value: unknown): void {
  defineProperty(globalThis, name, { value, writable: true, configurable: true });
}

/** Defines globals that `load` makes together when the first of them is touched. Libraries look for natives: they see none. */
function lazily(names: readonly string[], load: () => Record<string, unknown>): void {
  const loadAll = (): void => {
    for (const name of names) deleteProperty(globalThis, name);
    const loaded = load();
    for (const name of names) place(name, loaded[name]);
  };
  for (const name of names) {
    defineProperty(globalThis, name, {
      get() {
        loadAll();
        return Reflect.get(globalThis, name);
      },
      set(value: unknown) {
        place(name, value);
      },
      configurable: true,
    });
  }
}
