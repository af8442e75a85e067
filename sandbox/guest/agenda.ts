import type { Post } from './bridge.ts';
import type { Clock } from './clock.ts';

/** Which timer is next. The wait itself happens in the cell. */
export interface Agenda {
  add(id: number, wait: number): void;
  remove(id: number): void;
  /** The cell has waited for timer `id`: the timer whose turn it is, 0 when it is nobody's. */
  next(id: number): number;
}

/** Every timer waits for itself, on the cell's own clock. */
export function createWaits(post: Post): Agenda {
  return {
    add: (id, wait) => post('timer', id, `${wait}`, ''),
    remove: (id) => post('untimer', id, '', ''),
    next: (id) => id,
  };
}

/** An agenda that takes turns with the calls. */
export interface Turns extends Agenda {
  /** No call is open any more. */
  resume(): void;
}

interface Turn {
  readonly id: number;
  readonly due: number;
  next: Turn | null;
}

/**
 * Timers of a deterministic run: one waits at a time, in the order in which they are due on the run's own clock, and none has
 * its turn while a call is open. So what comes next in the run never depends on how long anything took; the wait only keeps
 * the pace.
 */
export function createTurns(post: Post, clock: Clock, isCalling: () => boolean): Turns {
  let first: Turn | null = null;
  let last: Turn | null = null;
  let armed = 0;
  let waitedUntil = 0;

  const arm = (): void => {
    const id = first === null ? 0 : first.id;
    if (id === armed) return;
    if (armed !== 0) post('untimer', armed, '', '');
    armed = id;
    if (first === null) return;
    const from = waitedUntil > clock.now() ? waitedUntil : clock.now();
    post('timer', id, `${first.due > from ? first.due - from : 0}`, '');
  };

  const insert = (turn: Turn): void => {
    let before = last !== null && last.due <= turn.due ? last : null;
    if (before === null) {
      for (let at = first; at !== null && at.due <= turn.due; at = at.next) before = at;
    }
    turn.next = before === null ? first : before.next;
    if (before === null) first = turn;
    else before.next = turn;
    if (turn.next === null) last = turn;
  };

  return {
    add(id, wait) {
      insert({ id, due: clock.now() + wait, next: null });
      arm();
    },

    remove(id) {
      let before: Turn | null = null;
      for (let at = first; at !== null && at.id !== id; at = at.next) before = at;
      const turn = before === null ? first : before.next;
      if (turn === null) return;
      if (before === null) first = turn.next;
      else before.next = turn.next;
      if (turn.next === null) last = before;
      arm();
    },

    next(id) {
      const turn = first;
      if (id !== armed || turn === null) return 0;
      armed = 0;
      waitedUntil = turn.due;
      if (isCalling()) return 0;
      first = turn.next;
      if (first === null) last = null;
      clock.pass(turn.due);
      arm();
      return turn.id;
    },

    resume: arm,
  };
}
