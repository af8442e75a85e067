import type { Clock } from './clock.ts';
import { libraries } from './lazy.ts';
import {
  apply,
  construct,
  defineProperty,
  getOwnPropertyDescriptor,
  isFiniteNumber,
  PlainTypeError,
} from './primordials.ts';
import { standIn } from './stand-in.ts';

const NativeDate = Date;
const NativeWeakRef = WeakRef;
const NativeWeakMap = WeakMap;
const setInWeakMap = WeakMap.prototype.set;
const { parse: parseDate, UTC } = Date;
const dateText = Date.prototype.toString;

/** Epoch milliseconds of an ISO 8601 time; the epoch itself when it is none. */
export function epochOf(time: string): number {
  const at = parseDate(time);
  return isFiniteNumber(at) ? at : 0;
}

/**
 * Closes every door of a realm through which two runs of the same could tell each other apart: `Date` and `Intl` read `clock`,
 * `Math.random` draws from the seed, and no garbage collection shows. Runs before any line of the script.
 */
export function pinRealm(clock: Pick<Clock, 'now'>, seedHex: string): void {
  pinDate(clock);
  pinIntl(clock);
  pinWeakRef();
  Math.random = lazyRandom(seedHex);
}

function pinDate(clock: Pick<Clock, 'now'>): void {
  function PinnedDate(...args: unknown[]): unknown {
    if (new.target === undefined) return apply(dateText, new NativeDate(clock.now()), []);
    return construct(NativeDate, args.length === 0 ? [clock.now()] : args, new.target);
  }
  const place = (name: string, value: unknown): void => {
    defineProperty(PinnedDate, name, { value, writable: true, configurable: true });
  };
  place('now', () => clock.now());
  place('parse', parseDate);
  place('UTC', UTC);
  standIn(NativeDate, PinnedDate);
}

/** `format()` and `formatToParts()` without an argument would read V8's own clock. */
function pinIntl(clock: Pick<Clock, 'now'>): void {
  const prototype = Intl.DateTimeFormat.prototype;
  const native = getOwnPropertyDescriptor(prototype, 'format')?.get;
  const parts = prototype.formatToParts;
  if (!native) return;
  const orNow = (date: unknown): unknown => (date === undefined ? clock.now() : date);
  defineProperty(prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const format = apply(native, this, []) as Intl.DateTimeFormat['format'];
      return (date?: unknown) => apply(format, undefined, [orNow(date)]);
    },
    configurable: true,
  });
  defineProperty(prototype, 'formatToParts', {
    value(this: Intl.DateTimeFormat, date?: unknown) {
      return apply(parts, this, [orNow(date)]);
    },
    writable: true,
    configurable: true,
  });
}

/** A weak reference that outlives every collection: it keeps its target as long as it is itself kept. */
function pinWeakRef(): void {
  const targets = new NativeWeakMap<object, unknown>();
  function PinnedWeakRef(target: unknown): object {
    if (new.target === undefined) throw new PlainTypeError("Class constructor WeakRef cannot be invoked without 'new'");
    const reference: object = construct(NativeWeakRef, [target], new.target);
    apply(setInWeakMap, targets, [reference, target]);
    return reference;
  }
  standIn(NativeWeakRef, PinnedWeakRef);
}

/** The generator is made with the first number. */
function lazyRandom(seedHex: string): () => number {
  let next: (() => number) | null = null;
  return () => {
    next ??= libraries().random().createRandom(seedHex);
    return next();
  };
}
