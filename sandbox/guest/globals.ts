import { createConsole } from './console.ts';
import type { Core, Outlets } from './core.ts';
import { libraries } from './lazy.ts';
import { apply, defineProperty, freeze, PlainPromise, PlainTypeError, whenSettled } from './primordials.ts';
import type { Timers } from './timers.ts';

/** What the globals are made of. */
export interface Parts {
  readonly outlets: Outlets;
  readonly timers: Timers;
  /** The run's seed; asked for when a script first draws. */
  readonly seed: () => string;
  readonly fail: (thrown: unknown) => void;
}

/** Globals that wait for the run's settings. */
export interface Pending {
  /** Completes them. Called once, before the script exists in the realm. */
  complete(core: Core): void;
}

/**
 * Puts the globals that people expect into a fresh realm. The small ones are made at once; the others are evaluated when the
 * script first touches them, so that a run which needs none pays for none.
 */
export function installGlobals(parts: Parts): Pending {
  const { outlets, timers } = parts;
  const process = {};
  place('console', createConsole(outlets));
  place('process', process);
  place('setTimeout', (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    timers.set(callback, delay, args, false),
  );
  place('setInterval', (callback: unknown, delay?: unknown, ...args: unknown[]) =>
    timers.set(callback, delay, args, true),
  );
  place('clearTimeout', (id: unknown) => timers.clear(id));
  place('clearInterval', (id: unknown) => timers.clear(id));
  place('queueMicrotask', (callback: unknown) => later(callback, parts.fail));
  const loading = { on: false };
  lazily(['URL', 'URLSearchParams'], () => libraries().url(), loading);
  lazily(['TextEncoder', 'TextDecoder'], () => libraries().encoding(), loading);
  lazily(['atob', 'btoa', 'structuredClone'], () => libraries().clone(), loading);
  lazily(['DOMException'], () => libraries().exception(), loading);
  lazily(
    ['AbortController', 'AbortSignal', 'Event', 'EventTarget'],
    () => libraries().abort().createAbort(timers),
    loading,
  );
  lazily(['fetch', 'Headers', 'Response'], () => libraries().fetch().createFetch(outlets), loading);
  lazily(['crypto'], () => libraries().crypto().createCrypto(parts.seed()), loading);
  return {
    complete({ env }) {
      defineProperty(process, 'env', { value: env, enumerable: true });
      freeze(process);
    },
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

/**
 * Defines globals that `load` makes together when the first of them is touched. Libraries look for natives while they load:
 * they see none, neither their own names nor those of the others.
 */
function lazily(names: readonly string[], load: () => Record<string, unknown>, loading: { on: boolean }): void {
  const loadAll = (): void => {
    loading.on = true;
    try {
      const loaded = load();
      for (const name of names) place(name, loaded[name]);
    } finally {
      loading.on = false;
    }
  };
  for (const name of names) {
    defineProperty(globalThis, name, {
      get() {
        if (loading.on) return undefined;
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
