import type { ActivityCore } from './attempt.ts';
import type { Bridge } from './bridge.ts';
import { libraries } from './lazy.ts';
import type { Settings } from './prelude.ts';
import { create, defineProperty, freeze, ownKeys } from './primordials.ts';

/** The two ways out that a script has. */
export interface Outlets {
  readonly call: (method: string, args: unknown) => Promise<unknown>;
  readonly log: (level: string, message: unknown, data?: unknown) => void;
}

/** What the module `cloister` stands on. A script may reach it, and gains nothing: the broker judges every call. */
export interface Core extends Outlets {
  readonly env: Readonly<Record<string, string>>;
  readonly run: Settings['run'];
  /** What the module `@temporalio/activity` exports, made when it is first asked for; null where the run is no activity of a project's. */
  readonly activity: Readonly<Record<string, unknown>> | null;
}

/** Makes the ways out over a bridge. */
export function createOutlets(bridge: Bridge): Outlets {
  return {
    call: (method, args) => bridge.call(method, args),
    log: (level, message, data) =>
      bridge.log(level, typeof message === 'string' ? message : `${String(message)}`, data),
  };
}

/** Makes the frozen core of one run. */
export function createCore(outlets: Outlets, { env, run }: Settings, attempt: ActivityCore | null): Core {
  const { call, log } = outlets;
  let activity: Record<string, unknown> | null = null;
  return freeze({
    call,
    log,
    env: freeze(withoutPrototype(env)),
    run: freeze(run),
    get activity() {
      if (attempt !== null) activity ??= libraries().activity().createActivity(attempt, outlets);
      return activity;
    },
  });
}

/** So that `env.toString` is undefined, as any name that was not granted. */
function withoutPrototype(env: Record<string, string>): Record<string, string> {
  const own: Record<string, string> = create(null);
  for (const name of ownKeys(env)) {
    defineProperty(own, name, { value: Reflect.get(env, name), enumerable: true });
  }
  return own;
}
