import type { LogLine, RunErrorCode, RunInfo, Usage } from './contract.ts';
import { MESSAGE_CHARS, STACK_CHARS, THROWN_CHARS } from './limits.ts';

/** Limits that the cell itself keeps for one run. */
export interface CellLimits {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly heapMb: number;
  readonly calls: number;
  readonly inFlight: number;
  readonly argBytes: number;
  readonly resultBytes: number;
  readonly logLines: number;
}

/** What the host tells a cell. `id` is a run's number within its cell, `call` a call's number within its run. */
export type ToCell =
  | { readonly t: 'guest'; readonly prelude: string; readonly sealed: string }
  | {
      readonly t: 'run';
      readonly id: number;
      readonly digest: string;
      /** Absent when the cell already holds this digest. */
      readonly code?: string;
      readonly entry: string;
      readonly params: string;
      readonly run: RunInfo;
      readonly env: Readonly<Record<string, string>>;
      readonly limits: CellLimits;
      /** JSON text of `activityInfo()`: the params are a list. */
      readonly activity?: string;
    }
  /** `text` is `{"ok": …}` or `{"err": {code, message}}`. */
  | { readonly t: 'answer'; readonly id: number; readonly call: number; readonly text: string }
  | { readonly t: 'cancel'; readonly id: number }
  /** The script of an activity is told that it is cancelled. `text` is a `Cancellation`. */
  | { readonly t: 'notice'; readonly id: number; readonly text: string }
  | { readonly t: 'forget'; readonly digest: string };

/** How a run ended, as the cell tells it: strings only, stack not yet mapped. */
export type Ended =
  | { readonly ok: true; readonly output: string }
  | {
      readonly ok: false;
      readonly code: RunErrorCode;
      readonly message: string;
      readonly stack?: string;
      readonly thrownCode?: string;
      /** JSON text of what an activity threw, field by field. */
      readonly thrown?: string;
      /** What in the cell ended it, when the script did not end by itself. For counting only: a cell is not trusted. */
      readonly ring?: CellRing;
    };

/** Rings that are kept inside the cell: an entry's time limit and V8's heap limit are ring one, the watch is ring two. */
export type CellRing = 'timeout' | 'heap' | 'watch';

/** What a cell tells its host. */
export type FromCell =
  | { readonly t: 'ready' }
  | { readonly t: 'pulse' }
  | { readonly t: 'call'; readonly id: number; readonly call: number; readonly method: string; readonly args: string }
  | {
      readonly t: 'log';
      readonly id: number;
      readonly level: LogLine['level'];
      readonly message: string;
      readonly data?: string;
    }
  /** JSON text of the details, empty without. */
  | { readonly t: 'beat'; readonly id: number; readonly details: string }
  /** The outcome is known and the isolate told to stop; its thread may still run. */
  | { readonly t: 'end'; readonly id: number; readonly ended: Ended; readonly usage: Usage }
  /** The isolate's thread has left it. */
  | { readonly t: 'gone'; readonly id: number }
  | { readonly t: 'catastrophe'; readonly id: number; readonly message: string };

const LEVELS: ReadonlySet<unknown> = new Set<LogLine['level']>(['debug', 'info', 'warn', 'error']);

const CODES: ReadonlySet<unknown> = new Set<RunErrorCode>([
  'SCRIPT_ERROR',
  'SCRIPT_WALL',
  'SCRIPT_CPU',
  'SCRIPT_MEMORY',
  'SCRIPT_KILLED',
  'MAIN_MISSING',
  'RESULT_NOT_JSON',
  'RESULT_TOO_LARGE',
  'PARAMS_TOO_LARGE',
  'TOO_DEEP',
  'CANCELLED',
]);

/** A message of a cell as a typed value, or null when it is none: a cell is not trusted. */
export function parseFromCell(value: unknown): FromCell | null {
  if (!isRecord(value)) return null;
  if (value.t === 'ready' || value.t === 'pulse') return { t: value.t };
  const id = value.id;
  if (!isCount(id)) return null;
  switch (value.t) {
    case 'gone':
      return { t: 'gone', id };
    case 'catastrophe':
      return typeof value.message === 'string' ? { t: 'catastrophe', id, message: value.message } : null;
    case 'call':
      return isCount(value.call) && typeof value.method === 'string' && typeof value.args === 'string'
        ? { t: 'call', id, call: value.call, method: value.method, args: value.args }
        : null;
    case 'log':
      return parseLog(id, value);
    case 'beat':
      return typeof value.details === 'string' ? { t: 'beat', id, details: value.details } : null;
    case 'end':
      return parseEnd(id, value);
    default:
      return null;
  }
}

function parseLog(id: number, value: Record<string, unknown>): FromCell | null {
  if (!isLevel(value.level) || typeof value.message !== 'string') return null;
  const line = { t: 'log', id, level: value.level, message: value.message } as const;
  if (value.data === undefined) return line;
  return typeof value.data === 'string' ? { ...line, data: value.data } : null;
}

function parseEnd(id: number, value: Record<string, unknown>): FromCell | null {
  const { ended, usage } = value;
  if (!isRecord(ended) || !isRecord(usage)) return null;
  const { cpuMs, wallMs, calls } = usage;
  if (!isAmount(cpuMs) || !isAmount(wallMs) || !isAmount(calls)) return null;
  const parsed = parseEnded(ended);
  return parsed && { t: 'end', id, ended: parsed, usage: { cpuMs, wallMs, calls } };
}

function parseEnded(ended: Record<string, unknown>): Ended | null {
  if (ended.ok === true) return typeof ended.output === 'string' ? { ok: true, output: ended.output } : null;
  if (!isErrorCode(ended.code) || typeof ended.message !== 'string') return null;
  return {
    ok: false,
    code: ended.code,
    message: cut(ended.message, MESSAGE_CHARS),
    ...(typeof ended.stack === 'string' && { stack: cut(ended.stack, STACK_CHARS) }),
    ...(typeof ended.thrownCode === 'string' && { thrownCode: cut(ended.thrownCode, 64) }),
    ...(typeof ended.thrown === 'string' && ended.thrown.length <= THROWN_CHARS && { thrown: ended.thrown }),
    ...(isCellRing(ended.ring) && { ring: ended.ring }),
  };
}

/**
 * Half a character is none, whether a script wrote it or the cut left it: Temporal's client takes a failure whose message has
 * one for broken, and ends the worker of all tenants.
 */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isLevel(value: unknown): value is LogLine['level'] {
  return LEVELS.has(value);
}

function isCellRing(value: unknown): value is CellRing {
  return value === 'timeout' || value === 'heap' || value === 'watch';
}

function isErrorCode(value: unknown): value is RunErrorCode {
  return CODES.has(value);
}
