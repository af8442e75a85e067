import { createHash } from 'node:crypto';
import { Answers, MAX_FILE_BYTES } from './answers.ts';
import type { FromBuild } from './build/message.ts';
import { parseFromBuild } from './build/parse.ts';
import type { BuildOutcome, BuildRequest } from './contract.ts';
import type { SandboxEvent } from './event.ts';
import { buildWalls, Child } from './process.ts';
import { readRss } from './rss.ts';
import type { Sources } from './source.ts';

const LOOK_MS = 50;

/** From a build's end to the start of the spare process: what was built runs first. */
const AHEAD_MS = 300;

/** How builds are bounded. */
export interface BuilderOptions {
  readonly buildMs: number;
  /** Resident memory of a build process, MiB; the bundler alone takes about 150. */
  readonly buildRssMb: number;
  /** Builds at once. */
  readonly builds: number;
  /** The process made ahead is given up when no build came for this long. */
  readonly idleMs: number;
  readonly log: (event: SandboxEvent) => void;
}

/**
 * Builds bundles in processes that are thrown away: one serves builds of one owner, in a row, and nobody else; the next one
 * is started ahead.
 */
export class Builder {
  readonly #sources: Sources;
  readonly #options: BuilderOptions;
  readonly #live = new Set<BuildProcess>();
  readonly #waiting: (() => void)[] = [];
  #spare: BuildProcess | null = null;
  #last: BuildProcess | null = null;
  #idle: NodeJS.Timeout | null = null;
  #ahead: NodeJS.Timeout | null = null;
  /** Of `performance.now()`: until then the spare process is kept, whether or not builds come. */
  #readyUntil = 0;
  #busy = 0;
  #isClosed = false;

  constructor(sources: Sources, options: BuilderOptions) {
    this.#sources = sources;
    this.#options = options;
  }

  /** Makes one bundle. Rejects only when the host itself fails. */
  async build(request: BuildRequest): Promise<BuildOutcome> {
    await this.#turn();
    const process = this.#take(request);
    try {
      return await process.build(request, this.#sources);
    } finally {
      this.#keep(process);
      this.#busy--;
      this.#waiting.shift()?.();
    }
  }

  /** Makes a process ready for the next build, and keeps one so for a time, also between builds. */
  prepare(forMs: number): void {
    if (this.#isClosed) return;
    this.#readyUntil = Math.max(this.#readyUntil, performance.now() + forMs);
    if (this.#last === null) this.#ahead ??= setTimeout(() => this.#prepare(), AHEAD_MS).unref();
    this.#watchIdle();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#idle) clearTimeout(this.#idle);
    if (this.#ahead) clearTimeout(this.#ahead);
    const live = [...this.#live];
    for (const process of live) process.end();
    for (const wake of this.#waiting.splice(0)) wake();
    await Promise.all(live.map((process) => process.closed));
  }

  async #turn(): Promise<void> {
    while (!this.#isClosed && this.#busy >= this.#options.builds)
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (this.#isClosed) throw new Error('the sandbox is closed');
    this.#busy++;
  }

  #take({ files, owner = files }: BuildRequest): BuildProcess {
    const last = this.#last;
    this.#last = null;
    if (last && !last.isDead && last.owner === owner) return last;
    last?.end();
    const spare = this.#spare;
    this.#spare = null;
    return spare && !spare.isDead ? spare : this.#open();
  }

  #open(): BuildProcess {
    const process = new BuildProcess(this.#sources, this.#options);
    this.#live.add(process);
    void process.closed.then(() => this.#live.delete(process));
    return process;
  }

  #keep(process: BuildProcess): void {
    this.#last?.end();
    this.#last = process;
    if (this.#isClosed) return void process.end();
    this.#ahead ??= setTimeout(() => this.#prepare(), AHEAD_MS).unref();
    this.#watchIdle();
  }

  #watchIdle(): void {
    if (this.#idle) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#rest(), this.#options.idleMs).unref();
  }

  #prepare(): void {
    this.#ahead = null;
    if (!this.#isClosed) this.#spare ??= this.#open();
  }

  #rest(): void {
    this.#last?.end();
    this.#last = null;
    if (performance.now() < this.#readyUntil) return void this.#watchIdle();
    this.#spare?.end();
    this.#spare = null;
  }
}

type Result = Extract<FromBuild, { t: 'made' | 'failed' }> | { readonly t: 'killed'; readonly why: string };

/** One build process: one build at a time, all of one owner. */
class BuildProcess {
  readonly #child: Child;
  readonly #options: BuilderOptions;
  readonly #closed = Promise.withResolvers<void>();
  #result = Promise.withResolvers<Result>();
  #owner: object | null = null;
  #answers: Answers | null = null;
  #isBuilding = false;
  #isDead = false;

  constructor(sources: Sources, options: BuilderOptions) {
    this.#options = options;
    this.#child = new Child(sources.build, buildWalls(), {
      onMessage: (message) => this.#handle(message),
      onEnd: (why) => this.#onEnd(why),
    });
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** Whose builds it serves: see `BuildRequest`. */
  get owner(): object | null {
    return this.#owner;
  }

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  async build(request: BuildRequest, { cloister, db }: Sources): Promise<BuildOutcome> {
    this.#answers = new Answers(request);
    this.#owner = request.owner ?? request.files;
    if (!this.#isDead) this.#result = Promise.withResolvers<Result>();
    this.#isBuilding = true;
    this.#child.send({
      t: 'build',
      entry: request.entry,
      paths: [...request.files.keys()],
      builtIns: [...request.builtIns.keys()],
      virtual: [...request.virtual.keys()],
      packages: [...request.packages],
      target: request.target ?? 'cell',
      cloister,
      db,
    });
    const look = setInterval(() => void this.#look(), LOOK_MS);
    const limit = setTimeout(() => this.#kill(`it took more than ${this.#options.buildMs} ms`), this.#options.buildMs);
    try {
      return this.#outcome(await this.#result.promise, request.entry);
    } finally {
      this.#isBuilding = false;
      clearInterval(look);
      clearTimeout(limit);
    }
  }

  /** Ends the process. A build that it still works on rejects: there will be nothing of it. */
  end(): void {
    this.#isDead = true;
    if (this.#isBuilding) this.#result.reject(new Error('the sandbox is closed'));
    this.#child.kill();
  }

  #outcome(result: Result, entry: string): BuildOutcome {
    if (result.t === 'failed') return { ok: false, problems: result.problems };
    if (result.t === 'killed') {
      const expected = 'a script that compiles within the limits of a build';
      return { ...broken(entry, `a build that was ended: ${result.why}`, expected), wasEnded: true };
    }
    const { code, map, exports, functions, unclear, inputs } = result;
    const bytes = Buffer.byteLength(code);
    if (bytes > MAX_FILE_BYTES) {
      return broken(entry, `a bundle of ${bytes} bytes`, `at most ${MAX_FILE_BYTES} bytes with all that it imports`);
    }
    const digest = createHash('sha256').update(code).digest('hex');
    return { ok: true, bundle: { digest, code, map }, exports, functions, unclear, inputs };
  }

  #handle(value: unknown): void {
    const message = parseFromBuild(value);
    if (message === null) return void this.#kill('it broke the protocol');
    if (message.t === 'ask') return void this.#answer(message);
    if (message.t !== 'ready') this.#result.resolve(message);
  }

  async #answer({ id, question }: Extract<FromBuild, { t: 'ask' }>): Promise<void> {
    try {
      const reply = await this.#answers?.answer(question);
      if (!this.#isDead) this.#child.send({ t: 'reply', id, reply: reply ?? null });
    } catch (error) {
      this.#result.reject(error);
    }
  }

  async #look(): Promise<void> {
    const rss = await readRss([this.#child.pid]);
    if ((rss.get(this.#child.pid) ?? 0) > this.#options.buildRssMb)
      this.#kill(`it used more than ${this.#options.buildRssMb} MiB`);
  }

  #kill(why: string): void {
    if (this.#isDead) return;
    this.#options.log({ event: 'build.killed', pid: this.#child.pid, reason: why, stderr: this.#child.stderr });
    this.#result.resolve({ t: 'killed', why });
    this.end();
  }

  #onEnd(why: string | null): void {
    if (!this.#isDead) this.#kill(why ?? 'it ended by itself');
    this.#isDead = true;
    this.#closed.resolve();
  }
}

function broken(file: string, found: string, expected: string): Extract<BuildOutcome, { ok: false }> {
  return { ok: false, problems: [{ code: 'BUILD_FAILED', file, line: 1, column: 1, found, expected }] };
}
