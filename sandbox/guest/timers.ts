import type { Agenda } from './agenda.ts';
import { apply, create, PlainError, PlainTypeError } from './primordials.ts';

/** Timers that one run may set in all: each costs the cell a message. */
const MAX_TIMERS = 20_000;

type Callback = (...args: unknown[]) => unknown;

interface Timer {
  readonly callback: Callback;
  readonly args: unknown[];
  readonly wait: number;
  readonly repeats: boolean;
}

/** The timer functions of the script's globals, and the way back in when one is due. */
export interface Timers {
  /** Puts another agenda in the place of the first. Before any timer is set. */
  follow(agenda: Agenda): void;
  set(callback: unknown, delay: unknown, args: unknown[], repeats: boolean): number;
  clear(id: unknown): void;
  /** The cell has waited for timer `id`. */
  fire(id: number): void;
  /** Timers that are set. */
  openTimers(): number;
}

/** Timers of one run; `fail` ends it when a callback throws. */
export function createTimers(firstAgenda: Agenda, fail: (thrown: unknown) => void): Timers {
  const timers: Record<number, Timer> = create(null);
  let agenda = firstAgenda;
  let made = 0;
  let added = 0;
  let open = 0;

  const add = (id: number, wait: number): void => {
    if (added++ >= MAX_TIMERS) throw new PlainError(`a run may set ${MAX_TIMERS} timers`);
    agenda.add(id, wait);
  };

  return {
    follow(other) {
      agenda = other;
    },

    set(callback, delay, args, repeats) {
      if (typeof callback !== 'function') throw new PlainTypeError('the callback of a timer must be a function');
      const id = ++made;
      const wait = waitOf(delay);
      add(id, wait);
      timers[id] = { callback: callback as Callback, args, wait, repeats };
      open++;
      return id;
    },

    clear(id) {
      if (typeof id !== 'number' || timers[id] === undefined) return;
      delete timers[id];
      open--;
      agenda.remove(id);
    },

    fire(waited) {
      const id = agenda.next(waited);
      const timer = timers[id];
      if (timer === undefined) return;
      if (!timer.repeats) {
        delete timers[id];
        open--;
      }
      try {
        if (timer.repeats) add(id, timer.wait);
        apply(timer.callback, undefined, timer.args);
      } catch (error) {
        fail(error);
      }
    },

    openTimers: () => open,
  };
}

function waitOf(delay: unknown): number {
  const wait = Number(delay ?? 0);
  return wait >= 1 && wait < 2 ** 31 ? wait - (wait % 1) : 1;
}
