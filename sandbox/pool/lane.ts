import { availableParallelism } from 'node:os';
import type { Cell } from '../cell.ts';
import type { Job } from '../job.ts';
import { CpuCredit } from './priority.ts';
import type { Obstacle } from './wait.ts';

/** Cells of one key that may be ending their last runs while it gets another one. */
const MAX_LEAVING = 2;

/** Processors that the runs of a key without CPU credit may take at once: one is left to others. */
const MAX_BURNING = Math.max(1, availableParallelism() - 1);

/** The number of threads that burn is a mean over time. */
const BURNING_SLACK = 0.25;

/** All of one key: its runs that wait, in order, and its cells: one that takes runs, and others that only end theirs. */
export class Lane {
  readonly key: string;
  readonly credit = new CpuCredit();
  readonly leaving = new Set<Cell>();
  queue: Job[] = [];
  cell: Cell | null = null;
  /** Since when its first run waits for what belongs to all keys; null while it does not. */
  waitsSince: number | null = null;
  /** Since when it has had runs in cells without a pause. */
  busySince: number | null = null;
  /** Takes no further run until those in its cells have ended: others have waited for too long. */
  yields = false;
  /** What its first run waits on. */
  obstacle: Obstacle | null = null;

  constructor(key: string) {
    this.key = key;
  }

  /** Runs in all of its cells. */
  get running(): number {
    return this.#sum((cell) => cell.running);
  }

  /** Nothing of it is worth keeping. */
  get isForgettable(): boolean {
    return this.cell === null && this.leaving.size === 0 && this.queue.length === 0 && !this.credit.isSpent;
  }

  /** Puts a run at the end of the queue. */
  add(job: Job): void {
    this.#enqueue(job);
    this.queue.push(job);
  }

  /** Puts runs that have to begin anew before all others. */
  addFirst(jobs: readonly Job[]): void {
    for (const job of jobs) this.#enqueue(job);
    this.queue = [...jobs, ...this.queue];
  }

  /** Takes a run out of the queue; false when it is not in it. */
  remove(job: Job): boolean {
    if (!this.queue.includes(job)) return false;
    this.queue = this.queue.filter((other) => other !== job);
    if (this.queue.length === 0) this.#forgetWait();
    return true;
  }

  /** Tells all who wait what the first of them waits on. */
  hold(obstacle: Obstacle): void {
    if (this.obstacle?.text === obstacle.text) return;
    this.obstacle = obstacle;
    for (const job of this.queue) job.hold(obstacle);
  }

  /** The first run has a place. */
  shift(): void {
    this.#forgetWait();
    this.queue.shift()?.dequeue();
  }

  /** What of the key's own limits holds a run, null when nothing does. */
  ownObstacle({ request: { limits } }: Job): Obstacle | null {
    if (this.running >= limits.concurrentRuns) {
      return { limit: 'concurrentRuns', text: `concurrentRuns ${limits.concurrentRuns} of the tenant` };
    }
    if (this.running > 0 && this.#sum((cell) => cell.burning) >= MAX_BURNING - BURNING_SLACK) {
      return {
        limit: 'cpu',
        text: `runs of the tenant that burn CPU time without a pause: at most ${MAX_BURNING} at once`,
      };
    }
    if (this.cell === null && this.leaving.size >= MAX_LEAVING) {
      return { limit: 'leaving', text: 'the last runs in former cells of the tenant' };
    }
    return null;
  }

  #sum(count: (cell: Cell) => number): number {
    let sum = this.cell ? count(this.cell) : 0;
    for (const cell of this.leaving) sum += count(cell);
    return sum;
  }

  #enqueue(job: Job): void {
    job.enqueue();
    if (this.obstacle) job.hold(this.obstacle);
  }

  #forgetWait(): void {
    this.obstacle = null;
    this.waitsSince = null;
  }
}
