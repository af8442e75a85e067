/**
 * An AsyncLocalStorage for QuickJS, which knows of no asynchronous context. Each reaction of a promise runs in the context in which it was
 * registered; the code of guests has no `await` of the engine's own, so that there is no other way on.
 */
type Context = ReadonlyMap<object, unknown>;
type Reaction = (value: unknown) => unknown;

let current: Context = new Map();

function bound(reaction: Reaction | null | undefined): Reaction | null | undefined {
  if (typeof reaction !== 'function') return reaction;
  const context = current;
  return function (this: unknown, value) {
    const before = current;
    current = context;
    try {
      return reaction.call(this, value);
    } finally {
      current = before;
    }
  };
}

/** As the class of Node that the SDK knows. */
class AsyncLocalStorage<Stored> {
  getStore(): Stored | undefined {
    return current.get(this) as Stored | undefined;
  }

  run<Result>(stored: Stored, fn: (...args: unknown[]) => Result, ...args: unknown[]): Result {
    const before = current;
    current = new Map(before).set(this, stored);
    try {
      return fn(...args);
    } finally {
      current = before;
    }
  }

  disable(): void {}
}

const { then } = Promise.prototype;
Object.defineProperty(Promise.prototype, 'then', {
  value: function (this: Promise<unknown>, fulfilled?: Reaction | null, rejected?: Reaction | null) {
    return then.call(this, bound(fulfilled), bound(rejected));
  },
  writable: true,
  configurable: true,
});
Object.assign(globalThis, { AsyncLocalStorage });
