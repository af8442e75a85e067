import { answerCall } from './call.ts';
import type { MemoryGroup, MemoryGroups } from './cgroup.ts';
import { codeOf, type Death, RSS_LINE, textOf } from './death.ts';
import type { SandboxEvent } from './event.ts';
import type { Job } from './job.ts';
import { toLogLine } from './line.ts';
import { type FromCell, parseFromCell } from './message.ts';
import { Child, cellWalls } from './process.ts';
import type { Sources } from './source.ts';

/** How long a run's isolate may take to end after its limit or its outcome, and a run over its wall limit to say so. */
const GRACE_MS = 1_000;

/** A cell with work that says nothing for this long is ended. */
const SILENCE_MS = 5_000;

/** Time for a cell process to be ready. */
const START_MS = 15_000;

/** Bundles that a cell keeps. */
const MAX_HELD_BYTES = 32 * 1024 * 1024;

interface Running {
  readonly id: number;
  readonly job: Job;
  readonly startedAt: number;
  readonly abort: AbortController;
  readonly stopListening: () => void;
  /** When the outcome was known, null before. */
  endedAt: number | null;
  calls: number;
  open: number;
  lines: number;
}

/** What a cell tells the pool. */
export interface CellHooks {
  /** A run has left: there is room. */
  onRoom(cell: Cell): void;
  /** The process is gone or about to be; `again` are the jobs that have to be run elsewhere. */
  onDeath(cell: Cell, again: readonly Job[]): void;
  log(event: SandboxEvent): void;
}

/** Host side of one cell process: at most one key for its whole life. */
export class Cell {
  readonly #child: Child;
  readonly #hooks: CellHooks;
  /** Ring four, where the system has it. */
  readonly #group: MemoryGroup | null;
  readonly #running = new Map<number, Running>();
  readonly #held = new Map<string, number>();
  readonly #bornAt = performance.now();
  readonly #ready = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  #key: string | null = null;
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

  /** Resolves when the process can run scripts, rejects when it ends before. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Resolves when the process is gone. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Gives the cell to a key, for good. */
  adopt(key: string): void {
    if (this.#key !== null && this.#key !== key) throw new Error('a cell never changes its key');
    this.#key = key;
  }

  /** Whether `job` may start here now. */
  hasRoom(job: Job): boolean {
    if (this.#dead || this.retiring) return false;
    const others = [...this.#running.values()];
    if (others.length === 0) return true;
    if (job.alone || others.some((other) => other.job.alone || other.endedAt !== null)) return false;
    const { limits } = job.request;
    const heapMb = others.reduce((sum, other) => sum + other.job.request.limits.heapMb, limits.heapMb);
    return others.length < limits.concurrentRuns && heapMb <= limits.rssMb;
  }

  start(job: Job): void {
    const { bundle, entry, params, run, env, limits, signal } = job.request;
    const id = this.#runs++;
    const cancel = (): void => this.#cancel(id);
    signal.addEventListener('abort', cancel, { once: true });
    this.#running.set(id, {
      id,
      job,
      startedAt: performance.now(),
      abort: new AbortController(),
      stopListening: () => signal.removeEventListener('abort', cancel),
      endedAt: null,
      calls: 0,
      open: 0,
      lines: 0,
    });
    this.#group?.limit(this.#capMb());
    const code = this.#hold(bundle.digest, bundle.code) ? { code: bundle.code } : {};
    this.#child.send({ t: 'run', id, digest: bundle.digest, ...code, entry, params, run, env, limits });
  }

  /** Ring three: called every 50 ms or so while there is work, with the memory seen from outside. */
  check(rssMb: number | undefined): void {
    if (this.#dead) return;
    this.rssMb = rssMb ?? this.rssMb;
    const now = performance.now();
    const all = [...this.#running.values()];
    if (rssMb !== undefined && rssMb > this.#capMb() * RSS_LINE) return void this.#end('memory', null);
    if (!this.#isReady) {
      if (this.ageMs > START_MS) this.#end('silent', null);
      return;
    }
    const stuck = all.find((run) => isStuck(run, now, this.#readyAt));
    if (stuck) return void this.#end('stuck', stuck);
    const since = Math.max(this.#heardAt, ...all.map((run) => run.startedAt));
    if (all.length > 0 && now - since > SILENCE_MS) this.#end('silent', null);
  }

  /** The smallest cap of those that run: what one may not pass, nobody beside it may. */
  #capMb(): number {
    return Math.min(...[...this.#running.values()].map((run) => run.job.request.limits.rssMb));
  }

  /** Ends the process. Runs in it are reported as to be run again. */
  retire(): void {
    this.#end('retired', null);
  }

  /** True when the code has to be sent; makes room by dropping the longest held. */
  #hold(digest: string, code: string): boolean {
    const isNew = !this.#held.delete(digest);
    this.#held.set(digest, code.length);
    let bytes = 0;
    for (const size of this.#held.values()) bytes += size;
    for (const [old, size] of this.#held) {
      if (bytes <= MAX_HELD_BYTES || old === digest) break;
      bytes -= size;
      this.#held.delete(old);
      this.#child.send({ t: 'forget', digest: old });
    }
    return isNew;
  }

  #cancel(id: number): void {
    const running = this.#running.get(id);
    if (!running || running.endedAt !== null) return;
    running.job.fail('CANCELLED', 'the run was cancelled', running.calls);
    this.#child.send({ t: 'cancel', id });
    this.#close(running);
  }

  #handle(value: unknown): void {
    if (this.#dead) return;
    this.#heardAt = performance.now();
    const message = parseFromCell(value);
    if (message === null) return void this.#end('protocol', null);
    if (message.t === 'pulse') return;
    if (message.t === 'ready') return void this.#onReady();
    const running = this.#running.get(message.id);
    if (!running) return;
    if (message.t === 'gone') return void this.#onGone(running);
    if (message.t === 'catastrophe') return void this.#onCatastrophe(running, message.message);
    if (running.endedAt !== null) return;
    if (message.t === 'call') return void this.#onCall(running, message);
    if (message.t === 'log') return void this.#onLog(running, message);
    running.job.finish(message.ended, message.usage);
    if (!message.ended.ok && message.ended.code === 'SCRIPT_MEMORY') this.retiring = true;
    this.#close(running);
  }

  #onReady(): void {
    this.#isReady = true;
    this.#readyAt = performance.now();
    this.#ready.resolve();
  }

  async #onCall(running: Running, message: Extract<FromCell, { t: 'call' }>): Promise<void> {
    const { request } = running.job;
    const isOver = running.calls++ >= request.limits.calls || running.open >= request.limits.inFlight;
    if (isOver) return this.#end('protocol', running);
    running.open++;
    const { signal } = running.abort;
    const text = await answerCall(request, message, signal, (error) => {
      this.#hooks.log({ event: 'call.failed', cell: this.key, run: request.run.id, method: message.method, error });
    });
    running.open--;
    if (running.endedAt === null && !this.#dead) {
      this.#child.send({ t: 'answer', id: running.id, call: message.call, text });
    }
  }

  #onLog(running: Running, message: Extract<FromCell, { t: 'log' }>): void {
    const { request } = running.job;
    if (running.lines++ <= request.limits.logLines) request.log(toLogLine(message, new Date()));
  }

  #onGone(running: Running): void {
    if (running.endedAt === null) return void this.#end('protocol', running);
    this.#running.delete(running.id);
    this.idleSince = performance.now();
    this.#hooks.onRoom(this);
  }

  #onCatastrophe(running: Running, message: string): void {
    running.job.fail(
      /memory/i.test(message) ? 'SCRIPT_MEMORY' : 'SCRIPT_KILLED',
      'the script broke its cell',
      running.calls,
    );
    this.#end('catastrophe', running);
  }

  /** The outcome is known: nothing more of this run is listened to. */
  #close(running: Running): void {
    running.endedAt ??= performance.now();
    running.stopListening();
    running.abort.abort();
  }

  #onEnd(why: string | null): void {
    this.#closed.resolve();
    if (why !== null) this.#end('protocol', null);
    else this.#end(this.#group?.wasKilled() ? 'memory' : 'crash', null);
    this.#group?.close();
  }

  #end(death: Death, guilty: Running | null): void {
    if (this.#dead) return;
    this.#dead = true;
    this.#child.kill();
    const { pid, key } = this;
    const stderr = this.#child.stderr;
    this.#ready.reject(new Error(`the cell ended before it was ready: ${stderr || death}`));
    const wasReady = this.#isReady;
    if (death !== 'retired') this.#hooks.log({ event: 'cell.killed', cell: key, pid, reason: death, stderr });
    const again = this.#judge(death, guilty, wasReady);
    this.#hooks.onDeath(this, again);
  }

  /** Ends the guilty run where it is known, and returns the others. */
  #judge(death: Death, known: Running | null, wasReady: boolean): Job[] {
    const all = [...this.#running.values()];
    const isOurs = death === 'retired' || !wasReady;
    const guilty = known ?? (all.length === 1 && !isOurs ? all[0] : undefined);
    guilty?.job.fail(codeOf(death), textOf(death, guilty.job.request.limits), guilty.calls);
    for (const running of all) this.#close(running);
    this.#running.clear();
    const again = all.filter((running) => !running.job.settled).map((running) => running.job);
    for (const job of again) {
      job.restarts++;
      job.alone ||= !guilty && !isOurs;
    }
    return again;
  }
}

function isStuck(run: Running, now: number, readyAt: number): boolean {
  if (run.endedAt !== null) return now - run.endedAt > GRACE_MS;
  return now - Math.max(run.startedAt, readyAt) > run.job.request.limits.wallMs + GRACE_MS;
}
