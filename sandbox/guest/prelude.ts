import { createTurns, createWaits } from './agenda.ts';
import { createAttempt } from './attempt.ts';
import { type BridgeLimits, createBridge, type Post } from './bridge.ts';
import { createClock } from './clock.ts';
import { type Core, createCore, createOutlets } from './core.ts';
import { installGlobals } from './globals.ts';
import { harden } from './harden.ts';
import { isText, toJson } from './json.ts';
import { epochOf, pinRealm } from './pin.ts';
import {
  apply,
  cut,
  defineProperty,
  deleteProperty,
  hasOwn,
  ownKeys,
  PlainPromise,
  parse,
  stringify,
  whenSettled,
} from './primordials.ts';
import { describe } from './thrown.ts';
import { createTimers } from './timers.ts';

/** What the cell says of a run when it begins, as JSON text. */
export interface Settings {
  readonly entry: string;
  readonly run: { readonly startedAt: string; readonly deterministic: boolean };
  readonly env: Record<string, string>;
  readonly limits: BridgeLimits & { readonly resultBytes: number };
  /** 32 bytes, hex: random, or the same in every attempt of a deterministic run. */
  readonly seed: string;
  /** JSON text of `activityInfo()`, of an activity of a project. */
  readonly activity?: string;
}

/** A bundle as the build makes it: takes what `cloister` stands on, returns the entry's exports. */
type Factory = (core: object) => Record<string, unknown>;

/** The two ways into the isolate. The cell enters each under a time limit. */
export interface Doors {
  /**
   * Takes the run's settings, and leaves the global `$start` for the one statement that the cell runs next: `$start(bundle)`.
   * It is gone as soon as it is read, before any code of the script runs. Called once.
   */
  begin(settingsText: string, params: string): void;
  deliver(kind: string, id: number, text: string): void;
}

harden();

/** Makes all of the realm that is the same in every run, ahead of one. Called once per isolate. */
export function install(post: Post): Doors {
  const bridge = createBridge(post);
  const attempt = createAttempt(post);
  const fail = (thrown: unknown): void => post('fail', 0, stringify(describe(thrown)), attempt.describe(thrown));
  const clock = createClock();
  const timers = createTimers(createWaits(post), fail);
  const outlets = createOutlets(bridge);
  let seed = '';
  const globals = installGlobals({ outlets, timers, seed: () => seed, fail });

  return {
    begin(settingsText, params) {
      const settings: Settings = parse(settingsText);
      seed = settings.seed;
      bridge.open(settings.limits);
      if (settings.run.deterministic) pin(settings.run.startedAt);
      const core = createCore(outlets, settings, attempt.begin(settings));
      globals.complete(core);
      offer((factory) => start(factory, core, settings, params));
    },
    deliver(kind, id, text) {
      if (kind === 'answer') bridge.answer(id, text);
      else if (kind === 'timer') timers.fire(id);
      else if (kind === 'cancel') attempt.cancel(text);
      else attempt.beat();
    },
  };

  function pin(startedAt: string): void {
    clock.pin(epochOf(startedAt));
    pinRealm(clock, seed);
    const turns = createTurns(post, clock, bridge.isCalling);
    bridge.onQuiet = turns.resume;
    timers.follow(turns);
  }

  function start(factory: Factory, core: Core, { entry, limits, activity }: Settings, params: string): void {
    try {
      const exports = factory(core);
      const main = hasOwn(exports, entry) ? exports[entry] : undefined;
      if (typeof main !== 'function') return void post('missing', 0, names(exports), '');
      const given = parse(params);
      const returned = apply(main, undefined, activity === undefined ? [given] : given);
      whenSettled(
        new PlainPromise((resolve) => resolve(returned)),
        (value) => {
          if (activity !== undefined) warnOfOpen(bridge.openCalls(), timers.openTimers());
          succeed(value, limits.resultBytes);
        },
        fail,
      );
    } catch (error) {
      fail(error);
    }
  }

  function warnOfOpen(calls: number, waits: number): void {
    if (calls + waits === 0) return;
    const text = `still open when the function returned, and dropped: calls ${calls}, timers ${waits} (a missing await?)`;
    bridge.log('warn', text, undefined);
  }

  function succeed(value: unknown, resultBytes: number): void {
    const json = toJson(value, resultBytes);
    if (isText(json)) post('done', 0, json.text, '');
    else post('unfit', 0, json.fault, json.why);
  }
}

function offer(start: (factory: Factory) => void): void {
  defineProperty(globalThis, '$start', {
    get() {
      deleteProperty(globalThis, '$start');
      return start;
    },
    configurable: true,
  });
}

function names(exports: object): string {
  let text = '';
  for (const key of ownKeys(exports)) if (typeof key === 'string') text += text === '' ? key : `, ${key}`;
  return cut(text, 2048);
}
