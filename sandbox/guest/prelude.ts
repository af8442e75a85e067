import { type BridgeLimits, createBridge, type Post } from './bridge.ts';
import { startClock } from './clock.ts';
import { createCore } from './core.ts';
import { installGlobals } from './globals.ts';
import { harden } from './harden.ts';
import { toJson } from './json.ts';
import { apply, hasOwn, ownKeys, PlainPromise, parse, stringify, whenSettled } from './primordials.ts';
import { describe } from './thrown.ts';
import { createTimers } from './timers.ts';

/** What the cell says of a run when it sets the isolate up, as JSON text. */
export interface Settings {
  readonly entry: string;
  readonly run: { readonly startedAt: string; readonly deterministic: boolean };
  readonly env: Record<string, string>;
  readonly limits: BridgeLimits & { readonly resultBytes: number };
  /** 32 random bytes, hex. */
  readonly seed: string;
}

/** A bundle as the build makes it: takes what `cloister` stands on, returns the entry's exports. */
type Factory = (core: object) => Record<string, unknown>;

/** The two ways into the isolate. The cell enters each under a time limit. */
export interface Doors {
  start(factory: Factory, params: string): void;
  deliver(kind: string, id: number, text: string): void;
}

harden();

/** Sets one run up and returns the ways in. Called once per isolate, before the script exists in it. */
export function install(post: Post, settingsText: string): Doors {
  const settings: Settings = parse(settingsText);
  const bridge = createBridge(post, settings.limits);
  const fail = (thrown: unknown): void => post('fail', 0, stringify(describe(thrown)), '');
  const clock = startClock(settings.run);
  const timers = createTimers(post, clock, fail);
  const core = createCore(bridge, settings);
  installGlobals({ core, timers, clock, seed: settings.seed, fail });

  const succeed = (value: unknown): void => {
    const json = toJson(value, settings.limits.resultBytes);
    if ('text' in json) post('done', 0, json.text, '');
    else post('unfit', 0, json.fault, json.why);
  };

  return {
    start(factory, params) {
      try {
        const exports = factory(core);
        const main = hasOwn(exports, settings.entry) ? exports[settings.entry] : undefined;
        if (typeof main !== 'function') return post('missing', 0, names(exports), '');
        const returned = apply(main, undefined, [parse(params)]);
        whenSettled(new PlainPromise((resolve) => resolve(returned)), succeed, fail);
      } catch (error) {
        fail(error);
      }
    },
    deliver(kind, id, text) {
      if (kind === 'answer') bridge.answer(id, text);
      else timers.fire(id);
    },
  };
}

function names(exports: object): string {
  let text = '';
  for (const key of ownKeys(exports)) if (typeof key === 'string') text += text === '' ? key : `, ${key}`;
  return text;
}
