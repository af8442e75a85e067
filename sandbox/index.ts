import { Builder } from './builder.ts';
import type { BuildOutcome, BuildRequest, RunOutcome, RunRequest, Sandbox, SandboxStats } from './contract.ts';
import { deeperThan } from './depth.ts';
import type { SandboxEvent } from './event.ts';
import { Job } from './job.ts';
import { MAX_DEPTH } from './limits.ts';
import { Tally } from './pool/ends.ts';
import { defaultMemoryMb } from './pool/memory.ts';
import { Pool } from './pool.ts';
import { loadSources } from './source.ts';

export type * from './contract.ts';
export { SandboxFull } from './error.ts';
export type { SandboxEvent } from './event.ts';
export { DEFAULT_LIMITS } from './limits.ts';
export { Wait } from './pool/wait.ts';

/** Options of `createSandbox`; every one has a default. */
export interface SandboxOptions {
  /** Gets what the host's operators should see. Default: nothing is kept. */
  readonly log?: (event: SandboxEvent) => void;
  /** Cell processes at once, as far as memory lets them. Default 64. */
  readonly maxCells?: number;
  /**
   * Memory for cells, MiB. A cell with work counts with its cap (`rssMb`), an idle one with what it has; runs that do not fit
   * wait, and idle cells make room. Default: half of what the machine, or the container, has.
   */
  readonly memoryMb?: number;
  /** Runs of one key that may wait for a place; further ones reject with `SandboxFull`. Default 1,000. */
  readonly maxQueued?: number;
  /** A cell without work for this long is ended. Default 60,000. */
  readonly idleMs?: number;
  /** A cell is replaced after this many runs. Default 1,000. */
  readonly recycleRuns?: number;
  /** A cell is replaced at this age. Default one day. */
  readonly recycleMs?: number;
  /** Keep one unused cell process ready for the next key. Default true. */
  readonly spare?: boolean;
  /** Time of one build. Default 10,000. */
  readonly buildMs?: number;
  /** Memory of one build, MiB; the bundler alone takes about 150. Default 512. */
  readonly buildRssMb?: number;
  /** Builds at once. Default 2. */
  readonly builds?: number;
}

/** Makes a sandbox. Nothing is started before the first call; `close` ends all that was. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  return new CellSandbox(options);
}

/** What is there once the first call came. */
interface Parts {
  readonly pool: Pool;
  readonly builder: Builder;
}

class CellSandbox implements Sandbox {
  readonly #options: SandboxOptions;
  #opening: Promise<Parts> | null = null;
  #parts: Parts | null = null;
  #isClosed = false;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    const job = new Job(request);
    const fault = unfitParams(request);
    if (fault) job.fail(fault.code, fault.message);
    else if (request.signal.aborted) job.fail('CANCELLED', 'the run was cancelled');
    else (this.#parts ?? (await this.#open())).pool.submit(job);
    return job.outcome;
  }

  async build(request: BuildRequest): Promise<BuildOutcome> {
    const { builder } = await this.#open();
    return builder.build(request);
  }

  async prepareBuilds(forMs: number): Promise<void> {
    const { builder } = await this.#open();
    builder.prepare(forMs);
  }

  async warm(cell: string): Promise<void> {
    const { pool } = await this.#open();
    await pool.warm(cell);
  }

  stats(): SandboxStats {
    return this.#parts?.pool.stats() ?? UNUSED;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const parts = await this.#opening?.catch(() => null);
    await Promise.all([parts?.pool.close(), parts?.builder.close()]);
  }

  #open(): Promise<Parts> {
    if (this.#isClosed) throw new Error('the sandbox is closed');
    this.#opening ??= this.#create();
    return this.#opening;
  }

  async #create(): Promise<Parts> {
    const options = { ...DEFAULTS, ...this.#options };
    const sources = await loadSources();
    this.#parts = { pool: new Pool(sources, options), builder: new Builder(sources, options) };
    return this.#parts;
  }
}

const DEFAULTS: Required<SandboxOptions> = {
  log: () => undefined,
  maxCells: 64,
  memoryMb: defaultMemoryMb(),
  maxQueued: 1_000,
  idleMs: 60_000,
  recycleRuns: 1_000,
  recycleMs: 24 * 60 * 60 * 1_000,
  spare: true,
  buildMs: 10_000,
  buildRssMb: 512,
  builds: 2,
};

const UNUSED: SandboxStats = {
  cells: [],
  queued: 0,
  kills: 0,
  ends: new Tally().ends,
  codes: new Tally().codes,
  memoryMb: { limit: DEFAULTS.memoryMb, reserved: 0 },
  memoryGroups: null,
};

function unfitParams({
  params,
  limits,
}: RunRequest): { code: 'PARAMS_TOO_LARGE' | 'TOO_DEEP'; message: string } | null {
  const size = Buffer.byteLength(params);
  if (size > limits.argBytes) {
    return { code: 'PARAMS_TOO_LARGE', message: `the params are ${size} bytes, at most ${limits.argBytes}` };
  }
  return deeperThan(params, MAX_DEPTH)
    ? { code: 'TOO_DEEP', message: `the params nest deeper than ${MAX_DEPTH}` }
    : null;
}
