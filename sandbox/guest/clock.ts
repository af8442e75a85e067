import { construct, defineProperty, isFiniteNumber } from './primordials.ts';

/** The time of one run, epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Moves a pinned clock on by the wait of a timer that has fired; a real one moves by itself. */
  pass(at: number): void;
  /** Pins the clock to `startedAt`: from then on only the run's own timers move it, and `Date` is replaced to say so. */
  pin(startedAt: string): void;
}

/** The clock that the run sees: V8's `Date`, which counts whole milliseconds, until it is pinned for a deterministic run. */
export function createClock(): Clock {
  const NativeDate = Date;
  const realNow = Date.now;
  let pinned: number | null = null;
  const clock: Clock = {
    now: () => pinned ?? realNow(),
    pass(at) {
      if (pinned !== null && at > pinned) pinned = at;
    },
    pin(startedAt) {
      const parsed = NativeDate.parse(startedAt);
      pinned = isFiniteNumber(parsed) ? parsed : 0;
      pinDate(NativeDate, clock);
    },
  };
  return clock;
}

function pinDate(NativeDate: DateConstructor, clock: Clock): void {
  function PinnedDate(...args: unknown[]): unknown {
    if (new.target === undefined) return new NativeDate(clock.now()).toString();
    return construct(NativeDate, args.length === 0 ? [clock.now()] : args, new.target);
  }
  const place = (name: string, value: unknown): void => {
    defineProperty(PinnedDate, name, { value, writable: true, configurable: true });
  };
  defineProperty(PinnedDate, 'name', { value: 'Date', configurable: true });
  defineProperty(PinnedDate, 'length', { value: 7, configurable: true });
  defineProperty(PinnedDate, 'prototype', { value: NativeDate.prototype, writable: false });
  place('now', () => clock.now());
  place('parse', NativeDate.parse);
  place('UTC', NativeDate.UTC);
  defineProperty(NativeDate.prototype, 'constructor', { value: PinnedDate, writable: true, configurable: true });
  defineProperty(globalThis, 'Date', { value: PinnedDate, writable: true, configurable: true });
  pinIntl(clock);
}

/** `format()` without an argument would read V8's own clock. */
function pinIntl(clock: Clock): void {
  const prototype = Intl.DateTimeFormat.prototype;
  const native = Object.getOwnPropertyDescriptor(prototype, 'format')?.get;
  const parts = prototype.formatToParts;
  if (!native) return;
  defineProperty(prototype, 'format', {
    get(this: Intl.DateTimeFormat) {
      const format: (date: Date | number) => string = Reflect.apply(native, this, []);
      return (date?: Date | number) => format(date ?? clock.now());
    },
    configurable: true,
  });
  defineProperty(prototype, 'formatToParts', {
    value(this: Intl.DateTimeFormat, date?: Date | number) {
      return Reflect.apply(parts, this, [date ?? clock.now()]);
    },
    writable: true,
    configurable: true,
  });
}
