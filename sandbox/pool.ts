import { Cell, type CellHooks } from './cell.ts';
import { findMemoryGroups, type MemoryGroups } from './cgroup.ts';
import type { SandboxStats } from './contract.ts';
import type { SandboxEvent } from './event.ts';
import type { Job } from './job.ts';
import { readRss } from './rss.ts';
import type { Sources } from './source.ts';

/** How often memory and deadlines of busy cells are looked at; threats.md asks for 50 ms or less. */
const LOOK_MS = 40;

/** A job is put alone into a cell when others have ended its cell this often. */
const MAX_SHARED_RESTARTS = 3;

/** A job whose cells do not even start is given back after this many. */
const MAX_RESTARTS = 8;

/** How the pool keeps its cells. */
export interface PoolOptions {
  readonly maxCells: number;
  readonly idleMs: number;
  readonly recycleRuns: number;
  readonly recycleMs: number;
  /** Keep one cell process ready that belongs to no key yet. */
  readonly spare: boolean;
  readonly log: (event: SandboxEvent) => void;
}

interface Lane {
  readonly key: string;
  queue: Job[];
  cell: Cell | null;
}

/** The cells of all keys: at most one that takes runs per key, warm, the longest idle given up first. */
export class Pool {
  readonly #options: PoolOptions;
  readonly #sources: Sources;
  readonly #groups: MemoryGroups | null = findMemoryGroups();
  readonly #lanes = new Map<string, Lane>();
  readonly #cells = new Set<Cell>();
  #spare: Cell | null = null;
  #look: NodeJS.Timeout | null = null;
  #sweep: NodeJS.Timeout | null = null;
  #isLooking = false;
  #kills = 0;
  #isClosed = false;

  constructor(sources: Sources, options: PoolOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  submit(job: Job): void {
    if (this.#isClosed) return void job.abandon(new Error('the sandbox is closed'));
    const lane = this.#lane(job.request.cell);
    lane.queue.push(job);
    this.#dropWhenCancelled(job, lane);
    this.#pump(lane);
  }

  /** Resolves when the key's cell is ready. */
  async warm(key: string): Promise<void> {
    if (this.#isClosed) throw new Error('the sandbox is closed');
    const lane = this.#lane(key);
    const cell = this.#cellOf(lane);
    await cell?.ready;
  }

  stats(): SandboxStats {
    const cells = [...this.#cells].filter((cell) => cell !== this.#spare);
    let queued = 0;
    for (const lane of this.#lanes.values()) queued += lane.queue.length;
    return {
      cells: cells.map((cell) => ({ cell: cell.key, pid: cell.pid, running: cell.running, rssMb: cell.rssMb })),
      queued,
      kills: this.#kills,
      memoryGroups: this.#groups?.version ?? null,
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#look) clearInterval(this.#look);
    if (this.#sweep) clearTimeout(this.#sweep);
    for (const lane of this.#lanes.values()) {
      for (const job of lane.queue) job.fail('CANCELLED', 'the sandbox was closed');
    }
    this.#lanes.clear();
    const cells = [...this.#cells];
    for (const cell of cells) cell.retire();
    await Promise.all(cells.map((cell) => cell.closed));
  }

  #lane(key: string): Lane {
    const known = this.#lanes.get(key);
    if (known) return known;
    const lane: Lane = { key, queue: [], cell: null };
    this.#lanes.set(key, lane);
    return lane;
  }

  #dropWhenCancelled(job: Job, lane: Lane): void {
    const { signal } = job.request;
    const cancel = (): void => {
      if (!lane.queue.includes(job)) return;
      lane.queue = lane.queue.filter((other) => other !== job);
      job.fail('CANCELLED', 'the run was cancelled');
    };
    if (signal.aborted) return void cancel();
    signal.addEventListener('abort', cancel, { once: true });
    void job.outcome.then(
      () => signal.removeEventListener('abort', cancel),
      () => signal.removeEventListener('abort', cancel),
    );
  }

  /** Starts what has room, in order. */
  #pump(lane: Lane): void {
    for (let job = lane.queue[0]; job !== undefined; job = lane.queue[0]) {
      const cell = this.#cellOf(lane);
      if (!cell?.hasRoom(job)) return;
      lane.queue.shift();
      cell.start(job);
      this.#watch();
    }
  }

  #pumpAll(): void {
    if (this.#isClosed) return;
    for (const lane of this.#lanes.values()) if (lane.queue.length > 0) this.#pump(lane);
  }

  /** The lane's cell, made where there is none; null when all places are taken by busy cells. */
  #cellOf(lane: Lane): Cell | null {
    if (lane.cell && this.#isWorn(lane.cell)) this.#giveUp(lane.cell);
    if (lane.cell) return lane.cell;
    if (this.#cells.size >= this.#options.maxCells && !this.#spare && !this.#evict()) return null;
    const cell = this.#spare ?? this.#open();
    this.#spare = null;
    cell.adopt(lane.key);
    cell.idleSince = performance.now();
    lane.cell = cell;
    this.#refill();
    this.#sweepLater();
    return cell;
  }

  #isWorn(cell: Cell): boolean {
    const { recycleRuns, recycleMs } = this.#options;
    return cell.retiring || cell.runs >= recycleRuns || cell.ageMs >= recycleMs;
  }

  /** Takes the cell from its lane; its last run ends it. */
  #giveUp(cell: Cell): void {
    cell.retiring = true;
    const lane = this.#lanes.get(cell.key);
    if (lane?.cell === cell) lane.cell = null;
    if (cell.running === 0) cell.retire();
  }

  #evict(): boolean {
    const [oldest] = this.#idleCells();
    if (!oldest) return false;
    this.#giveUp(oldest);
    return true;
  }

  /** Idle cells that belong to a key, the longest idle first. */
  #idleCells(): Cell[] {
    const idle = [...this.#cells].filter((cell) => cell !== this.#spare && cell.running === 0);
    return idle.sort((a, b) => a.idleSince - b.idleSince);
  }

  #open(): Cell {
    const hooks: CellHooks = {
      onRoom: () => this.#onRoom(cell),
      onDeath: (_cell, again) => this.#onDeath(cell, again),
      log: this.#options.log,
    };
    const cell = new Cell(this.#sources, hooks, this.#groups);
    this.#cells.add(cell);
    return cell;
  }

  #refill(): void {
    if (!this.#options.spare || this.#isClosed || this.#cells.size >= this.#options.maxCells) return;
    this.#spare ??= this.#open();
  }

  #onRoom(cell: Cell): void {
    if (this.#isClosed) return;
    if (cell.running === 0 && this.#isWorn(cell)) this.#giveUp(cell);
    this.#pumpAll();
    this.#sweepLater();
  }

  #onDeath(cell: Cell, again: readonly Job[]): void {
    this.#cells.delete(cell);
    if (this.#spare === cell) this.#spare = null;
    if (this.#isClosed) {
      for (const job of again) job.fail('CANCELLED', 'the sandbox was closed');
      return;
    }
    if (!cell.retiring) this.#kills++;
    const lane = this.#lanes.get(cell.key);
    if (lane?.cell === cell) lane.cell = null;
    if (lane) lane.queue = [...again.filter((job) => this.#mayRestart(job)), ...lane.queue];
    // Not within the call that ended the cell: it may be about to open one itself.
    queueMicrotask(() => this.#pumpAll());
  }

  #mayRestart(job: Job): boolean {
    if (job.restarts >= MAX_RESTARTS) {
      job.abandon(new Error('cells end again and again before they can run this script'));
      return false;
    }
    job.alone ||= job.restarts > MAX_SHARED_RESTARTS;
    job.request.onRestart?.();
    return true;
  }

  #watch(): void {
    this.#look ??= setInterval(() => void this.#lookAtCells(), LOOK_MS);
  }

  async #lookAtCells(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const busy = [...this.#cells].filter((cell) => cell.running > 0);
    const rss = await readRss(busy.map((cell) => cell.pid));
    for (const cell of busy) if (cell.running > 0) cell.check(rss.get(cell.pid));
    this.#isLooking = false;
    if (busy.length > 0 || !this.#look) return;
    clearInterval(this.#look);
    this.#look = null;
  }

  /** Ends cells that have been idle for too long. */
  #sweepLater(): void {
    if (this.#sweep || this.#isClosed) return;
    this.#sweep = setTimeout(() => {
      this.#sweep = null;
      const limit = performance.now() - this.#options.idleMs;
      for (const cell of this.#idleCells()) if (cell.idleSince <= limit) this.#giveUp(cell);
      this.#forgetEmptyLanes();
      if (this.#lanes.size > 0) this.#sweepLater();
    }, this.#options.idleMs);
    this.#sweep.unref();
  }

  #forgetEmptyLanes(): void {
    for (const [key, lane] of this.#lanes) {
      if (lane.cell === null && lane.queue.length === 0) this.#lanes.delete(key);
    }
  }
}
