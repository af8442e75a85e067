import type { MemoryGroup, MemoryGroups } from './cgroup.ts';
import { codeOf, type Death, RSS_LINE, textOf } from './death.ts';
import type { SandboxEvent } from './event.ts';
import { Held } from './held.ts';
import type { Job } from './job.ts';
import { type CellRing, type FromCell, parseFromCell } from './message.ts';
import { IDLE_MB } from './pool/memory.ts';
import { type CpuCredit, Priority } from './pool/priority.ts';
import type { Obstacle } from './pool/wait.ts';
import { Child, cellWalls } from './process.ts';
import { Running } from './running.ts';
import type { Sources } from './source.ts';

/** A cell with work that says nothing for this long is ended. */
const SILENCE_MS = 5_000;

/** Time for a cell process to be ready. */
const START_MS = 15_000;

/** What a cell tells the pool. */
export interface CellHooks {
  /** A run has left: there is room. */
  onRoom(cell: Cell): void;
  /** A run has begun; `isNew` when its bundle is the first of its kind in this cell, and has to be compiled. */
  onCode(isNew: boolean): void;
  /** A ring inside the cell has ended a run. */
  onRing(ring: CellRing): void;
  /** The process is gone or about to be; `again` are the jobs that have to be run elsewhere. */
  onDeath(cell: Cell, death: Death, again: readonly Job[]): void;
  log(event: SandboxEvent): void;
}

/** Host side of one cell process: at most one key for its whole life. */
export class Cell {
  readonly #child: Child;
  readonly #hooks: CellHooks;
  /** Ring four, where the system has it. */
  readonly #group: MemoryGroup | null;
  readonly #priority: Priority;
  readonly #running = new Map<number, Running>();
  readonly #held = new Held((digest) => this.#child.send({ t: 'forget', digest }));
  readonly #bornAt = performance.now();
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #key: string | null = null;
  #credit: CpuCredit | null = null;
  #isReady = false;
  #readyAt = 0;
  #heardAt = performance.now();
  #dead = false;
  #runs = 0;
  rssMb = 0;
  idleSince = performance.now();
  /** Takes no further run. */
  retiring = false;

  constructor(sources: Sources, hooks: CellHooks, groups: MemoryGroups | null) {
    this.#hooks = hooks;
    this.#ready.promise.catch(() => undefined);
    this.#child = new Child(sources.cell, cellWalls(), {
      onMessage: (message) => this.#handle(message),
      onEnd: (why) => this.#onEnd(why),
    });
    this.#group = groups?.join(this.#child.pid) ?? null;
    this.#priority = new Priority(this.#child.pid);
    this.#child.send({ t: 'guest', prelude: sources.prelude, sealed: sources.sealed });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get key(): string {
    return this.#key ?? '';
  }

  get running(): number {
    return this.#running.size;
  }

  get runs(): number {
    return this.#runs;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get ageMs(): number {
    return performance.now() - this.#bornAt;
  }

  /** It runs at a low priority, because its key has burnt too much CPU time. */
  get isLow(): boolean {
    return this.#priority.isLow;
  }

  /** Threads that burn CPU time without a pause, while the priority is low. */
  get burning(): number {
    return this.#priority.burning;
  }

  /** Its priority is low and stays so, though its key has credit again. */
  get isSlow(): boolean {
    return this.#priority.isStuck;
  }

  /** Memory that it may take as long as its runs last, MiB; without runs, what it has. */
  get reservedMb(): number {
    if (this.running === 0) return Math.max(this.rssMb, IDLE_MB);
    return Math.max(...[...this.#running.values()].map(({ job }) => job.request.limits.rssMb));
  }

  /** Resolves when the process can run scripts, rejects when it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Gives the cell to a key, for good. */
  adopt(key: string, credit: CpuCredit): void {
    if (this.#key !== null && this.#key !== key) throw new Error('a cell never changes its key');
    this.#key = key;
    this.#credit = credit;
    this.#priority.begin(credit);
  }

  /** Whether the cell is within the memory cap of a run: beyond it, it would be ended for what others have left behind. */
  fits(job: Job): boolean {
    return this.rssMb <= job.request.limits.rssMb * RSS_LINE;
  }

  /** What in this cell holds a run that would start now, null when nothing does. */
  obstacle(job: Job): Obstacle | null {
    const others = [...this.#running.values()];
    if (others.length === 0) return null;
    if (job.alone || others.some((other) => other.job.alone)) {
      return { limit: 'alone', text: 'a run that has its cell to itself, because runs together have ended one' };
    }
    if (others.some((other) => other.isOver)) return { limit: 'leaving', text: 'a run that is leaving the cell' };
    const { heapMb, rssMb } = job.request.limits;
    if (!this.fits(job))
      return { limit: 'rssMb', text: `rssMb ${rssMb} in a cell that has ${Math.round(this.rssMb)} MiB` };
    const taken = others.reduce((sum, other) => sum + other.job.request.limits.heapMb, 0);
    if (taken + heapMb <= rssMb) return null;
    return { limit: 'heapMb', text: `heapMb ${heapMb} beside ${taken} of other runs, of the cell's rssMb ${rssMb}` };
  }

  start(job: Job): void {
    const { bundle, entry, params, run, env, limits, activity } = job.request;
    const id = this.#runs++;
    const running = new Running(id, job, {
      cancelled: () => this.#cancel(running),
      noticed: (text) => this.#child.send({ t: 'notice', id, text }),
    });
    this.#running.set(id, running);
    this.#priority.count();
    this.#group?.limit(this.#capMb());
    const isNew = this.#held.add(bundle.digest, bundle.code);
    this.#hooks.onCode(isNew);
    const code = isNew ? { code: bundle.code } : {};
    const about = activity ? { activity: activity.info } : {};
    this.#child.send({ t: 'run', id, digest: bundle.digest, ...code, entry, params, run, env, limits, ...about });
    running.begun();
  }

  /** Ring three: called every 50 ms or so while there is work, with the memory seen from outside. */
  check(rssMb: number | undefined): void {
    if (this.#dead) return;
    if (this.#credit && this.#isReady) this.#priority.look(this.#credit);
    this.rssMb = rssMb ?? this.rssMb;
    const now = performance.now();
    const all = [...this.#running.values()];
    if (rssMb !== undefined && rssMb > this.#capMb() * RSS_LINE) return void this.#end('memory', null);
    if (!this.#isReady) {
      if (this.ageMs > START_MS) this.#end('silent', null);
      return;
    }
    const stuck = all.find((running) => running.isStuck(now, this.#readyAt));
    if (stuck) return void this.#end('stuck', stuck);
    const since = Math.max(this.#heardAt, ...all.map((running) => running.startedAt));
    if (all.length > 0 && now - since > SILENCE_MS) this.#end('silent', null);
  }

  /** The smallest cap of those that run: what one may not pass, nobody beside it may. */
  #capMb(): number {
    return Math.min(...[...this.#running.values()].map(({ job }) => job.request.limits.rssMb));
  }

  /** Ends the process. Runs in it are reported as to be run again. */
  retire(): void {
    this.#end('retired', null);
  }

  #cancel(running: Running): void {
    if (running.isOver) return;
    running.fail('CANCELLED', 'the run was cancelled');
    this.#child.send({ t: 'cancel', id: running.id });
    running.close();
  }

  #handle(value: unknown): void {
    if (this.#dead) return;
    this.#heardAt = performance.now();
    const message = parseFromCell(value);
    if (message === null) return void this.#end('protocol', null);
    if (message.t === 'pulse') return;
    if (message.t === 'ready') return void (this.#isReady ? this.#end('protocol', null) : this.#onReady());
    const running = this.#running.get(message.id);
    if (!running) return;
    if (message.t === 'gone') return void this.#onGone(running);
    if (message.t === 'catastrophe') return void this.#onCatastrophe(running, message.message);
    if (running.isOver) return;
    if (message.t === 'call') return void this.#onCall(running, message);
    if (message.t === 'log') return void running.log(message);
    if (message.t === 'beat') return void running.beat(message);
    this.#onEnded(running, message);
  }

  #onReady(): void {
    this.#isReady = true;
    this.#readyAt = performance.now();
    if (this.#credit) this.#priority.begin(this.#credit);
    this.#ready.resolve();
  }

  async #onCall(running: Running, message: Extract<FromCell, { t: 'call' }>): Promise<void> {
    if (!running.admitsCall()) return this.#end('protocol', running);
    const text = await running.answer(message, (error) => {
      const run = running.job.request.run.id;
      this.#hooks.log({ event: 'call.failed', cell: this.key, run, method: message.method, error });
    });
    if (text === null || this.#dead) return;
    this.#child.send({ t: 'answer', id: running.id, call: message.call, text }, () => running.delivered());
  }

  #onEnded(running: Running, { ended, usage }: Extract<FromCell, { t: 'end' }>): void {
    if (ended.ok && !running.admitsResult(ended.output)) return void this.#end('protocol', running);
    running.job.finish(ended, usage);
    running.close();
    if (ended.ok) return;
    if (ended.ring) this.#hooks.onRing(ended.ring);
    if (ended.code === 'SCRIPT_MEMORY') this.retiring = true;
  }

  #onGone(running: Running): void {
    if (!running.isOver) return void this.#end('protocol', running);
    this.#running.delete(running.id);
    this.idleSince = performance.now();
    if (this.running > 0) this.#group?.limit(this.#capMb());
    this.#hooks.onRoom(this);
  }

  #onCatastrophe(running: Running, message: string): void {
    running.fail(/memory/i.test(message) ? 'SCRIPT_MEMORY' : 'SCRIPT_KILLED', 'the script broke its cell');
    this.#end('catastrophe', running);
  }

  #onEnd(why: string | null): void {
    this.#closed.resolve();
    if (why !== null) this.#end('protocol', null);
    else this.#end(this.#group?.wasKilled() ? 'kernel' : 'crash', null);
    this.#group?.close();
  }

  #end(death: Death, known: Running | null): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#child.kill();
    const { pid, key } = this;
    const stderr = this.#child.stderr;
    this.#ready.reject(new Error(`the cell ended before it was ready: ${stderr || death}`));
    const { guilty, again } = this.#judge(death, known);
    if (death !== 'retired') {
      const { id: run, activity } = guilty?.job.request.run ?? { id: null, activity: null };
      const told = { event: 'cell.killed', cell: key, pid, reason: death, run, activity } as const;
      this.#hooks.log({ ...told, again: again.length, stderr });
    }
    this.#hooks.onDeath(this, death, again);
  }

  /** Ends the guilty run where it is known, and returns the others. */
  #judge(death: Death, known: Running | null): { readonly guilty: Running | undefined; readonly again: Job[] } {
    const all = [...this.#running.values()];
    const isOurs = death === 'retired' || !this.#isReady;
    const guilty = known ?? (all.length === 1 && !isOurs ? all[0] : undefined);
    guilty?.fail(codeOf(death), textOf(death, guilty.job.request.limits));
    for (const running of all) running.close();
    this.#running.clear();
    const again = all.filter((running) => !running.job.settled).map((running) => running.job);
    for (const job of again) {
      job.restarts++;
      job.alone ||= !guilty && !isOurs;
    }
    return { guilty, again };
  }
}
