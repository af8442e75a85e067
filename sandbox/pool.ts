import { setImmediate } from 'node:timers/promises';
import { Cell, type CellHooks } from './cell.ts';
import { findMemoryGroups, type MemoryGroups } from './cgroup.ts';
import type { SandboxStats } from './contract.ts';
import type { Death } from './death.ts';
import { SandboxFull } from './error.ts';
import type { SandboxEvent } from './event.ts';
import type { Job } from './job.ts';
import { Tally } from './pool/ends.ts';
import { Lane } from './pool/lane.ts';
import { Line } from './pool/line.ts';
import { IDLE_MB } from './pool/memory.ts';
import type { Obstacle } from './pool/wait.ts';
import { readRss } from './rss.ts';
import type { Sources } from './source.ts';

/** How often memory and deadlines of busy cells are looked at; threats.md asks for 50 ms or less. */
const LOOK_MS = 40;

/**
 * A cell that was in use this short a while ago is not given up for the memory of a run that may as well wait for another to
 * end. To start cells takes the processor from those that run, so that more of them run at once and yet more cells are given up:
 * a host in that state does not come out of it.
 */
const KEEP_MS = 1_000;

/** A job is put alone into a cell when others have ended its cell this often. */
const MAX_SHARED_RESTARTS = 3;

/** A job whose cells do not even start is given back after this many. */
const MAX_RESTARTS = 8;

/** How the pool keeps its cells. */
export interface PoolOptions {
  readonly maxCells: number;
  /** What busy cells may take together, each counted with its cap. */
  readonly memoryMb: number;
  /** Runs of one key that may wait. */
  readonly maxQueued: number;
  readonly idleMs: number;
  readonly recycleRuns: number;
  readonly recycleMs: number;
  /** Keep one cell process ready that belongs to no key yet. */
  readonly spare: boolean;
  readonly log: (event: SandboxEvent) => void;
}

/**
 * The cells of all keys: at most one that takes runs per key, warm, the longest idle given up first. A key waits for its own
 * limits in its own queue; for what belongs to all of them, keys stand in one line.
 */
export class Pool {
  readonly #options: PoolOptions;
  readonly #sources: Sources;
  readonly #groups: MemoryGroups | null = findMemoryGroups();
  readonly #lanes = new Map<string, Lane>();
  readonly #line = new Line(this.#lanes);
  readonly #cells = new Set<Cell>();
  readonly #tally = new Tally();
  #spare: Cell | null = null;
  #look: NodeJS.Timeout | null = null;
  #sweep: NodeJS.Timeout | null = null;
  #isLooking = false;
  #isClosed = false;

  constructor(sources: Sources, options: PoolOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  submit(job: Job): void {
    if (this.#isClosed) return void job.abandon(new Error('the sandbox is closed'));
    const lane = this.#lane(job.request.cell);
    const { maxQueued } = this.#options;
    if (lane.queue.length >= maxQueued) return void job.abandon(new SandboxFull(job.request.cell, maxQueued));
    lane.add(job);
    job.request.onQueued?.();
    this.#dropWhenCancelled(job, lane);
    this.#pump(lane);
  }

  /** Resolves when the key's cell is ready; at once where all places are taken. */
  async warm(key: string): Promise<void> {
    if (this.#isClosed) throw new Error('the sandbox is closed');
    const lane = this.#lane(key);
    const cell = lane.cell ?? (this.#hasPlace(lane) ? this.#give(lane) : null);
    await cell?.ready;
  }

  stats(): SandboxStats {
    const cells = [...this.#cells].filter((cell) => cell !== this.#spare);
    let queued = 0;
    for (const lane of this.#lanes.values()) queued += lane.queue.length;
    return {
      cells: cells.map(({ key, pid, running, rssMb, isLow }) => ({ cell: key, pid, running, rssMb, isLow })),
      queued,
      kills: this.#tally.kills,
      ends: this.#tally.ends,
      codes: this.#tally.codes,
      memoryMb: { limit: this.#options.memoryMb, reserved: Math.round(this.#reservedMb()) },
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
    const lane = new Lane(key);
    this.#lanes.set(key, lane);
    return lane;
  }

  #dropWhenCancelled(job: Job, lane: Lane): void {
    const { signal } = job.request;
    const cancel = (): void => {
      if (!lane.remove(job)) return;
      job.dequeue();
      job.fail('CANCELLED', 'the run was cancelled');
      this.#pumpAll();
    };
    if (signal.aborted) return void cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const forget = (): void => signal.removeEventListener('abort', cancel);
    void job.outcome.then(forget, forget);
  }

  /** Starts what has room, in order. */
  #pump(lane: Lane): void {
    for (let job = lane.queue[0]; job !== undefined; job = lane.queue[0]) {
      const obstacle = this.#obstacle(lane, job);
      if (obstacle) return void lane.hold(obstacle);
      const cell = lane.cell ?? this.#give(lane);
      lane.shift();
      cell.start(job);
      lane.busySince ??= performance.now();
      this.#watch();
    }
    lane.waitsSince = null;
  }

  /** Every key that has runs waiting, the longest waiting first. */
  #pumpAll(): void {
    if (this.#isClosed) return;
    for (const lane of this.#line.inOrder()) this.#pump(lane);
  }

  /** What holds a run, null when it may start. */
  #obstacle(lane: Lane, job: Job): Obstacle | null {
    const { cell } = lane;
    if (cell && (this.#isWorn(cell) || (cell.running === 0 && !cell.fits(job)))) this.#giveUp(cell);
    const isBusy = lane.cell !== null && lane.cell.running > 0;
    const own = lane.ownObstacle(job) ?? lane.cell?.obstacle(job) ?? null;
    const shared = own ? null : (this.#line.obstacle(lane, isBusy) ?? this.#shortage(lane, job));
    if (shared) lane.waitsSince ??= performance.now();
    else lane.waitsSince = null;
    return own ?? shared;
  }

  /** What the host has too little of for this run, after idle cells were given up for it. */
  #shortage(lane: Lane, job: Job): Obstacle | null {
    const { maxCells, memoryMb } = this.#options;
    const { rssMb } = job.request.limits;
    const { cell } = lane;
    if (cell && cell.running > 0 && rssMb <= cell.reservedMb) return null;
    const others = (): number => this.#reservedMb() - (cell?.reservedMb ?? 0);
    const isAlone = [...this.#cells].every((other) => other === cell || other.running === 0);
    while (others() + rssMb > memoryMb) if (!this.#evict(cell, isAlone ? 0 : KEEP_MS)) break;
    if (others() + rssMb > memoryMb && !isAlone) {
      const text = `memory of the host: rssMb ${rssMb} beside ${Math.round(others())} of other cells, of ${memoryMb} MiB`;
      return { limit: 'memoryMb', text };
    }
    return this.#hasPlace(lane) ? null : { limit: 'maxCells', text: `maxCells ${maxCells} of the host, all busy` };
  }

  /** What all cells together may take, MiB. */
  #reservedMb(): number {
    let sum = 0;
    for (const cell of this.#cells) sum += cell.reservedMb;
    return sum;
  }

  /** Whether a key has a cell or can be given one; makes a place by giving up an idle cell. */
  #hasPlace(lane: Lane): boolean {
    return (
      lane.cell !== null || this.#cells.size < this.#options.maxCells || this.#spare !== null || this.#evict(lane.cell)
    );
  }

  /** A cell for a key that has none and for which there is a place. */
  #give(lane: Lane): Cell {
    const spare = this.#takeSpare(lane);
    const cell = spare ?? this.#open();
    cell.adopt(lane.key, lane.credit);
    cell.idleSince = performance.now();
    lane.cell = cell;
    this.#refill();
    this.#sweepLater();
    return cell;
  }

  /** The spare process is there for a key's first run, not for one whose scripts had its cells ended again and again. */
  #takeSpare({ credit }: Lane): Cell | null {
    const isFull = this.#cells.size >= this.#options.maxCells;
    const spare = credit.isSpent && !isFull ? null : this.#spare;
    if (spare) this.#spare = null;
    return spare;
  }

  #isWorn(cell: Cell): boolean {
    const { recycleRuns, recycleMs } = this.#options;
    return cell.retiring || cell.isSlow || cell.runs >= recycleRuns || cell.ageMs >= recycleMs;
  }

  /** Takes the cell from its lane; its last run ends it. */
  #giveUp(cell: Cell): void {
    cell.retiring = true;
    const lane = this.#lanes.get(cell.key);
    if (lane?.cell === cell) lane.cell = null;
    if (cell.running === 0) cell.retire();
    else lane?.leaving.add(cell);
  }

  /** Gives up the cell that has been idle longest, and for `idleMs`, `except` this one; false when there is none. */
  #evict(except: Cell | null, idleMs = 0): boolean {
    const since = performance.now() - idleMs;
    const oldest = this.#idleCells().find((cell) => cell !== except && cell.idleSince <= since);
    if (oldest) this.#giveUp(oldest);
    return oldest !== undefined;
  }

  /** Idle cells that belong to a key, the longest idle first. */
  #idleCells(): Cell[] {
    const idle = [...this.#cells].filter((cell) => cell !== this.#spare && cell.running === 0);
    return idle.sort((a, b) => a.idleSince - b.idleSince);
  }

  #open(): Cell {
    const hooks: CellHooks = {
      onRoom: () => this.#onRoom(cell),
      onCode: (isNew) => this.#tally.countCode(isNew),
      onRing: (ring) => this.#tally.count(ring),
      onDeath: (_cell, death, again) => this.#onDeath(cell, death, again),
      log: this.#options.log,
    };
    const cell = new Cell(this.#sources, hooks, this.#groups);
    this.#cells.add(cell);
    return cell;
  }

  #refill(): void {
    const { spare, maxCells, memoryMb } = this.#options;
    if (!spare || this.#isClosed || this.#cells.size >= maxCells) return;
    if (this.#reservedMb() + IDLE_MB <= memoryMb) this.#spare ??= this.#open();
  }

  #onRoom(cell: Cell): void {
    if (this.#isClosed) return;
    if (cell.running === 0 && this.#isWorn(cell)) this.#giveUp(cell);
    this.#rest(this.#lanes.get(cell.key));
    this.#pumpAll();
    this.#sweepLater();
  }

  #onDeath(cell: Cell, death: Death, again: readonly Job[]): void {
    this.#cells.delete(cell);
    this.#tally.countDeath(death);
    if (this.#spare === cell) this.#spare = null;
    if (this.#isClosed) {
      for (const job of again) job.fail('CANCELLED', 'the sandbox was closed');
      return;
    }
    const lane = this.#lanes.get(cell.key);
    if (lane?.cell === cell) lane.cell = null;
    lane?.leaving.delete(cell);
    lane?.addFirst(again.filter((job) => this.#mayRestart(job)));
    this.#rest(lane);
    // Not within the call that ended the cell: it may be about to open one itself.
    queueMicrotask(() => this.#pumpAll());
  }

  /** A key without runs has had its turn. */
  #rest(lane: Lane | undefined): void {
    if (!lane || lane.running > 0) return;
    lane.busySince = null;
    lane.yields = false;
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
    // A cell whose runs were over before the first look has memory all the same.
    const looked = [...this.#cells].filter((cell) => cell.running > 0 || cell.rssMb === 0);
    const rss = await readRss(looked.map((cell) => cell.pid));
    // What cells have said while this loop was held up is heard before they are judged for their silence.
    await setImmediate();
    for (const cell of looked) {
      if (cell.running > 0) cell.check(rss.get(cell.pid));
      else cell.rssMb = rss.get(cell.pid) ?? 0;
    }
    if (this.#line.look()) this.#pumpAll();
    this.#isLooking = false;
    // Asked anew: a run may have begun since the cells were counted, and would run unwatched.
    if (!this.#look || [...this.#cells].some((cell) => cell.running > 0)) return;
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
      for (const lane of this.#lanes.values()) if (lane.isForgettable) this.#lanes.delete(lane.key);
      if (this.#lanes.size > 0) this.#sweepLater();
    }, this.#options.idleMs);
    this.#sweep.unref();
  }
}
