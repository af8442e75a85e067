/** Runs `input-mapping.ts` for events: in a cell that belongs to no tenant, with nothing but the log and, where granted, reads. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { type CompiledScript, compileScript, formatProblem, type Project } from '../../registry/index.ts';
import { DEFAULT_LIMITS, type Limits } from '../../sandbox/index.ts';
import type { Grants } from '../broker/capability.ts';
import { ApiError } from '../error.ts';
import type { ScriptRunner } from '../runner.ts';

/** What mappings run with. */
export interface MapperOptions {
  readonly runner: ScriptRunner;
  /** Whether they may read what is at the FHIR server, of any tenant. */
  readonly readsFhir: boolean;
  readonly log: Logger;
}

/** Which mapping of which trigger. */
export interface Mapping {
  readonly project: Project;
  readonly trigger: string;
  readonly workflow: string;
  /** Path of the script. */
  readonly path: string;
}

/** What a mapping made of an event: the input of a run with or without `_workflowId`; null: nothing is to be started. */
export type Mapped = Readonly<Record<string, unknown>> | null;

/** No tenant id can hold a colon: no script of a tenant, and of no run, is ever in this cell. */
const CELL = 'host:mapping';
const LIMITS: Limits = Object.freeze({ ...DEFAULT_LIMITS, wallMs: 10_000, argBytes: 4 * 2 ** 20, concurrentRuns: 32 });
/** For all events of one delivery. */
const TOGETHER_MS = 20_000;

/** Runs mappings. Calls may overlap. */
export class Mapper {
  readonly #options: MapperOptions;
  readonly #grants: Grants;

  constructor(options: MapperOptions) {
    this.#options = options;
    this.#grants = Object.freeze({
      capabilities: new Set(options.readsFhir ? (['fhir', 'log'] as const) : (['log'] as const)),
      readOnly: true,
      http: { allow: [], privateRanges: [], secrets: new Map() },
      db: { tables: [], functions: [] },
      env: {},
    });
  }

  /** One result for each of `params`, called one after the other in their order. Rejects with `MAPPING_FAILED`. */
  async map(mapping: Mapping, params: readonly unknown[]): Promise<Mapped[]> {
    const script = await compileScript(mapping.project, mapping.path);
    if (!script.ok) throw this.#failed(mapping, sentences(script), 'it does not build');
    const deadline = Date.now() + TOGETHER_MS;
    const mapped: Mapped[] = [];
    for (const each of params) mapped.push(await this.#one(mapping, { script, params: each, deadline }));
    return mapped;
  }

  async #one(mapping: Mapping, { script, params, deadline }: One): Promise<Mapped> {
    const remainingMs = deadline - Date.now();
    if (remainingMs <= 0)
      throw this.#failed(mapping, `${TOGETHER_MS} ms passed`, 'the mappings took too long together');
    const { runner, log } = this.#options;
    const { trigger, workflow, path } = mapping;
    const id = `mapping-${randomUUID()}`;
    const startedAt = new Date().toISOString();
    const outcome = await runner.run({
      tenant: null,
      cell: CELL,
      run: { id, workflow, activity: path, attempt: 1, startedAt, deterministic: false },
      digest: script.bundle.digest,
      bundle: script.bundle,
      params,
      grants: this.#grants,
      limits: LIMITS,
      remainingMs,
      // A sender that gives up has its event mapped all the same: it will deliver it again.
      signal: new AbortController().signal,
      log: (line) => log[line.level]({ script: true, trigger, data: line.data }, line.message),
    });
    if (!outcome.ok) {
      throw this.#failed(mapping, `${outcome.message}\n${outcome.stack ?? ''}`, `it ended with ${outcome.code}`);
    }
    if (outcome.output === null || outcome.output === undefined) return null;
    if (typeof outcome.output === 'object' && !Array.isArray(outcome.output)) return outcome.output as Mapped;
    throw this.#failed(mapping, 'an output that is no object', 'it returned no object');
  }

  /** What a script says stays in the log: a sender is no author. */
  #failed({ trigger, path }: Mapping, cause: string, found: string): ApiError {
    this.#options.log.error({ trigger, script: path, cause }, 'the mapping of a trigger failed; nothing was started');
    return new ApiError('MAPPING_FAILED', 'the mapping of the trigger failed, and nothing was started', { found });
  }
}

interface One {
  readonly script: Extract<CompiledScript, { ok: true }>;
  readonly params: unknown;
  /** Epoch milliseconds. */
  readonly deadline: number;
}

function sentences({ problems }: CompiledScript): string {
  return problems.map(formatProblem).slice(0, 3).join('\n');
}
