import type { Post } from './bridge.ts';
import type { Clock } from './clock.ts';
import { apply, create, PlainError, PlainTypeError } from './primordials.ts';

/** Timers that one run may set in all: each costs the cell a message. */
const MAX_TIMERS = 20_000;

type Callback = (...args: unknown[]) => unknown;

interface Timer {
  readonly callback: Callback;
  readonly args: unknown[];
  readonly delay: number;
  readonly repeats: boolean;
  due: number;
}

/** The timer functions of the script's globals, and the way back in when one is due. */
export interface Timers {
  set(callback: unknown, delay: unknown, args: unknown[], repeats: boolean): number;
  clear(id: unknown): void;
  fire(id: number): void;
}

/** Timers of one run. The wait happens in the cell; `fail` ends the run when a callback throws. */
export function createTimers(post: Post, clock: Clock, fail: (thrown: unknown) => void): Timers {
  const timers: Record<number, Timer> = create(null);
  let made = 0;
  let armed = 0;

  const arm = (id: number, delay: number): void => {
    if (armed++ >= MAX_TIMERS) throw new PlainError(`a run may set ${MAX_TIMERS} timers`);
    post('timer', id, `${delay}`, '');
  };

  return {
    set(callback, delay, args, repeats) {
      if (typeof callback !== 'function') throw new PlainTypeError('the callback of a timer must be a function');
      const id = ++made;
      const wait = delayOf(delay);
      arm(id, wait);
      timers[id] = { callback: callback as Callback, args, delay: wait, repeats, due: clock.now() + wait };
      return id;
    },

    clear(id) {
      if (typeof id !== 'number' || timers[id] === undefined) return;
      delete timers[id];
      post('untimer', id, '', '');
    },

    fire(id) {
      const timer = timers[id];
      if (timer === undefined) return;
      clock.pass(timer.due);
      if (!timer.repeats) delete timers[id];
      try {
        if (timer.repeats) {
          timer.due = clock.now() + timer.delay;
          arm(id, timer.delay);
        }
        apply(timer.callback, undefined, timer.args);
      } catch (error) {
        fail(error);
      }
    },
  };
}

function delayOf(delay: unknown): number {
  const wait = Number(delay ?? 0);
  return wait >= 1 && wait < 2 ** 31 ? wait - (wait % 1) : 1;
}
