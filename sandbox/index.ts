import type { BuildOutcome, BuildRequest, RunOutcome, RunRequest, Sandbox, SandboxStats } from './contract.ts';
import { deeperThan } from './depth.ts';
import type { SandboxEvent } from './event.ts';
import { Job } from './job.ts';
import { MAX_DEPTH } from './limits.ts';
import { Pool } from './pool.ts';
import { loadSources } from './source.ts';

export type * from './contract.ts';
export type { SandboxEvent } from './event.ts';
export { DEFAULT_LIMITS } from './limits.ts';

/** Options of `createSandbox`; every one has a default. */
export interface SandboxOptions {
  /** Gets what the host's operators should see. Default: nothing is kept. */
  readonly log?: (event: SandboxEvent) => void;
  /** Cell processes at once. Default 16. */
  readonly maxCells?: number;
  /** A cell without work for this long is ended. Default 60,000. */
  readonly idleMs?: number;
  /** A cell is replaced after this many runs. Default 1,000. */
  readonly recycleRuns?: number;
  /** A cell is replaced at this age. Default one day. */
  readonly recycleMs?: number;
  /** Keep one unused cell process ready for the next key. Default true. */
  readonly spare?: boolean;
}

/** Makes a sandbox. Nothing is started before the first call; `close` ends all that was. */
export function createSandbox(options: SandboxOptions = {}): Sandbox {
  return new CellSandbox(options);
}

class CellSandbox implements Sandbox {
  readonly #options: SandboxOptions;
  #pool: Promise<Pool> | null = null;
  #live: Pool | null = null;
  #isClosed = false;

  constructor(options: SandboxOptions) {
    this.#options = options;
  }

  async run(request: RunRequest): Promise<RunOutcome> {
    const job = new Job(request);
    const fault = unfitParams(request);
    if (fault) job.fail(fault.code, fault.message);
    else if (request.signal.aborted) job.fail('CANCELLED', 'the run was cancelled');
    else (this.#live ?? (await this.#open())).submit(job);
    return job.outcome;
  }

  async build(_request: BuildRequest): Promise<BuildOutcome> {
    throw new Error('not yet');
  }

  async warm(cell: string): Promise<void> {
    await (await this.#open()).warm(cell);
  }

  stats(): SandboxStats {
    return this.#live?.stats() ?? { cells: [], queued: 0, kills: 0 };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const pool = await this.#pool?.catch(() => null);
    await pool?.close();
  }

  #open(): Promise<Pool> {
    if (this.#isClosed) throw new Error('the sandbox is closed');
    this.#pool ??= this.#create();
    return this.#pool;
  }

  async #create(): Promise<Pool> {
    const { log, maxCells, idleMs, recycleRuns, recycleMs, spare } = this.#options;
    this.#live = new Pool(await loadSources(), {
      maxCells: maxCells ?? 16,
      idleMs: idleMs ?? 60_000,
      recycleRuns: recycleRuns ?? 1_000,
      recycleMs: recycleMs ?? 24 * 60 * 60 * 1_000,
      spare: spare ?? true,
      log: log ?? (() => undefined),
    });
    return this.#live;
  }
}

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
