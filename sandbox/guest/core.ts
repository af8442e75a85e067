import type { Bridge } from './bridge.ts';
import type { Settings } from './prelude.ts';
import { create, defineProperty, freeze, ownKeys } from './primordials.ts';

/** What the module `cloister` stands on. A script may reach it, and gains nothing: the broker judges every call. */
export interface Core {
  readonly call: (method: string, args: unknown) => Promise<unknown>;
  readonly log: (level: string, message: unknown, data?: unknown) => void;
  readonly env: Readonly<Record<string, string>>;
  readonly run: Settings['run'];
}

/** Makes the frozen core of one run. */
export function createCore(bridge: Bridge, settings: Settings): Core {
  const core: Core = {
    call: (method, args) => bridge.call(method, args),
    log: (level, message, data) =>
      bridge.log(level, typeof message === 'string' ? message : `${String(message)}`, data),
    env: freeze(withoutPrototype(settings.env)),
    run: freeze(settings.run),
  };
  return freeze(core);
}

/** So that `env.toString` is undefined, as any name that was not granted. */
function withoutPrototype(env: Record<string, string>): Record<string, string> {
  const own: Record<string, string> = create(null);
  for (const name of ownKeys(env)) {
    defineProperty(own, name, { value: Reflect.get(env, name), enumerable: true });
  }
  return own;
}
