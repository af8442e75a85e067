/** Runs one script in a cell under one run's context: the only way from the host into the sandbox. */
import { setImmediate } from 'node:timers/promises';
import type {
  ActivityRun,
  Bundle,
  Limits,
  LogLine,
  RunInfo,
  RunOutcome,
  RunRequest,
  Sandbox,
  ThrownError,
  Usage,
} from '../sandbox/index.ts';
import { Backlog } from './backlog.ts';
import { CapabilityError, type Grants, type RunContext } from './broker/capability.ts';
import type { Broker } from './broker/index.ts';
import type { FailureCode } from './codes.ts';
import type { Deaths, OnKill } from './deaths.ts';

/** One script run as the host knows it. */
export interface ScriptRun {
  readonly tenant: string | null;
  /** Cell key of what belongs to the host rather than to a run; it holds a colon. Absent: the cell of the tenant. */
  readonly cell?: `host:${string}`;
  readonly run: RunInfo;
  /** Digest of the plan. */
  readonly digest: string;
  readonly bundle: Bundle;
  /** Exported function to call. Absent: `main`. */
  readonly entry?: string;
  /** The argument; with `activity`, the list of arguments. */
  readonly params: unknown;
  /** What makes the script an activity of a project's. */
  readonly activity?: ActivityRun;
  readonly grants: Grants;
  readonly limits: Limits;
  /** Milliseconds from now after which the run fails with `SCRIPT_WALL`, waiting for a place included. */
  readonly remainingMs: number;
  readonly signal: AbortSignal;
  readonly log: (line: LogLine) => void;
  /** The script has ended its cell: called before `run` resolves, or in the seconds after it. */
  readonly onKill?: OnKill;
}

/** How a script run ended, in the words of the table of failures. */
export type ScriptOutcome =
  | { readonly ok: true; readonly output: unknown; readonly usage: Usage }
  | {
      readonly ok: false;
      readonly code: FailureCode;
      readonly message: string;
      readonly stack?: string;
      /** What the script threw; only of an activity of a project's. */
      readonly thrown?: ThrownError;
      readonly usage: Usage;
    };

/** Performs one capability call; `method` is one that there is, or a fixed word. */
export type CallWatch = <T>(method: string, perform: () => Promise<T>) => Promise<T>;

/** Sees each script and its capability calls; changes nothing of either. */
export interface ScriptWatch {
  script(
    request: ScriptRun,
    perform: (request: ScriptRun, watch: CallWatch) => Promise<ScriptOutcome>,
  ): Promise<ScriptOutcome>;
}

const UNWATCHED: ScriptWatch = { script: (request, perform) => perform(request, (_method, call) => call()) };

/** Cell key of runs without tenant; no tenant id can hold a colon. */
const UNSCOPED_CELL = 'host:unscoped';
/** Timers of Node take 31 bits of milliseconds, some 24 days. */
export const LONGEST_MS = 2 ** 31 - 1;

/** Runs scripts. Of runs that are over it keeps nothing. */
export class ScriptRunner {
  readonly #backlog = new Backlog();
  readonly #sandbox: Sandbox;
  readonly #broker: Broker;
  readonly #deaths: Deaths | null;
  readonly #watch: ScriptWatch;

  /** `deaths` hears what the sandbox tells; without it nobody is blamed for the end of a cell. */
  constructor(sandbox: Sandbox, broker: Broker, deaths: Deaths | null = null, watch: ScriptWatch = UNWATCHED) {
    this.#sandbox = sandbox;
    this.#broker = broker;
    this.#deaths = deaths;
    this.#watch = watch;
  }

  /** Runs that the sandbox has no place for yet, not even one to wait in. */
  get waiting(): number {
    return this.#backlog.length;
  }

  /** Runs a script to its end. Does not reject for anything a script or a capability can do. */
  run(request: ScriptRun): Promise<ScriptOutcome> {
    return this.#watch.script(request, (watched, watch) => this.#perform(watched, watch));
  }

  async #perform(request: ScriptRun, watch: CallWatch): Promise<ScriptOutcome> {
    const limitMs = Math.max(1, Math.min(request.remainingMs, LONGEST_MS));
    const overrun = AbortSignal.timeout(limitMs);
    const writes = new WriteKeys(request);
    const context = createContext(request, writes);
    const refused = new Map<string, FailureCode>();
    const cell = request.cell ?? request.tenant ?? UNSCOPED_CELL;
    const { onKill } = request;
    const left = onKill && this.#deaths?.enter(cell, request.run, onKill);
    const asked: RunRequest = {
      cell,
      bundle: request.bundle,
      entry: request.entry ?? 'main',
      params: JSON.stringify(request.params ?? {}),
      ...(request.activity && { activity: request.activity }),
      run: request.run,
      env: request.grants.env,
      limits: { ...request.limits, wallMs: Math.min(request.limits.wallMs, limitMs) },
      signal: AbortSignal.any([request.signal, overrun]),
      log: request.log,
      // The run begins anew after a neighbour killed the cell: its writes must find what they wrote before.
      onRestart: () => writes.restart(),
      onRefused: (method, code) => this.#broker.refused(method, code, context),
      call: async (method, args, signal) => {
        try {
          return await watch(this.#broker.known(method), () => this.#broker.call(method, args, { ...context, signal }));
        } catch (error) {
          if (error instanceof CapabilityError && error.activityCode) refused.set(fault(error), error.activityCode);
          throw error;
        }
      },
    };
    const running = this.#backlog.run(asked, (onQueued) => this.#sandbox.run({ ...asked, onQueued }));
    const outcome = await running.catch((error: unknown) => {
      left?.(null);
      throw error;
    });
    left?.(outcome.ok ? null : outcome.error.code);
    // The turn in which `onKill` is called, if it was this that ended the run.
    if (!outcome.ok) await setImmediate();
    return conclude(outcome, refused, overrun.aborted && !request.signal.aborted);
  }
}

/** Keys of a run's writes: the same, in the same order, in every attempt. */
class WriteKeys {
  readonly #prefix: string;
  #count = 0;

  constructor({ run }: ScriptRun) {
    this.#prefix = `${run.id}:${run.activity}`;
  }

  next(): string {
    return `${this.#prefix}:${this.#count++}`;
  }

  restart(): void {
    this.#count = 0;
  }
}

function createContext(request: ScriptRun, writes: WriteKeys): Omit<RunContext, 'signal'> {
  const { tenant, run, digest, grants, remainingMs } = request;
  return {
    tenant,
    runId: run.id,
    workflow: run.workflow,
    activity: run.activity,
    attempt: run.attempt,
    digest,
    grants,
    deadline: Date.now() + remainingMs,
    nextWriteKey: () => writes.next(),
  };
}

const fault = ({ code, message }: { code: string; message: string }): string => `${code} ${message}`;

/** What comes out of a cell is text until it has been read. */
function completed(output: string, usage: Usage): ScriptOutcome {
  try {
    return { ok: true, output: JSON.parse(output) as unknown, usage };
  } catch {
    return { ok: false, code: 'RESULT_NOT_JSON', message: 'the result is not JSON', usage };
  }
}

/** An uncaught capability error gives the activity the code its capability named, so that `retries` treats it rightly. */
function conclude(outcome: RunOutcome, refused: ReadonlyMap<string, FailureCode>, overran: boolean): ScriptOutcome {
  if (outcome.ok) return completed(outcome.output, outcome.usage);
  const { code, message, stack, thrownCode, thrown } = outcome.error;
  const { usage } = outcome;
  if (code === 'CANCELLED' && overran) {
    return { ok: false, code: 'SCRIPT_WALL', message: 'the timeout of the activity passed', usage };
  }
  const uncaught = thrownCode ? refused.get(fault({ code: thrownCode, message })) : undefined;
  return { ok: false, code: uncaught ?? code, message, ...(stack && { stack }), ...(thrown && { thrown }), usage };
}
