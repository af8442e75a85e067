/**
 * When a worker that failed is started again by itself. It is all in the rows of `workflow_workers`, so that every host comes to
 * the same answer, and a host that is started anew goes on where the last one was.
 */
import type { WorkerRow } from '../../registry/index.ts';
import { isProjectErrorCode, PROJECT_ERRORS, type ProjectRule } from '../codes.ts';
import type { RestartRule } from './settings.ts';
import type { StartedBy } from './types.ts';

/** `metadata.restart` of a row that failed; null: only a call, or another row, starts the worker again. */
export type Restart =
  | { readonly attempt: number; readonly nextAt: string }
  /** The failure is in code or settings: it is tried again when they are not as `stamp` says. */
  | { readonly stamp: string }
  | null;

/** A failure that is to be judged. */
export interface Failure {
  readonly code: string;
  /** What the project's code and settings were. */
  readonly stamp: string;
  readonly startedBy: StartedBy;
  readonly startedAt: string;
}

/** What it is judged by. */
export interface RestartContext {
  /** False: the operator, or the project, wants no restarts. */
  readonly isWanted: boolean;
  readonly rule: RestartRule;
  /** Rows of the project before this one, newest first. */
  readonly before: readonly WorkerRow[];
  readonly now: number;
  readonly chance: number;
}

/** The other side is down, which says nothing of the worker: these are tried for as long as it takes. */
const OUTSIDE: ReadonlySet<string> = new Set(['TEMPORAL_UNREACHABLE', 'DATABASE_UNREACHABLE', 'LEASE_LOST']);

/** What becomes of a worker that failed, with the code that its row gets. */
export function restartAfter(failure: Failure, context: RestartContext): { code: string; restart: Restart } {
  const { code, stamp } = failure;
  if (!isTransient(code)) return { code, restart: { stamp } };
  const { isWanted, rule, now, chance } = context;
  if (!isWanted) return { code, restart: null };
  const attempt = attemptOf(failure, context);
  if (attempt > rule.limit && !OUTSIDE.has(code)) return { code: 'RESTART_LIMIT', restart: null };
  const plain = Math.min(rule.firstMs * 2 ** (attempt - 1), rule.mostMs);
  const delay = plain * (1 + rule.jitter * (2 * chance - 1));
  return { code, restart: { attempt, nextAt: new Date(now + delay).toISOString() } };
}

/** Whether a project whose newest row this is may be started by a monitor now. `stamp`: what its code and settings are. */
export async function isDue(row: WorkerRow | undefined, now: number, stamp: () => Promise<string>): Promise<boolean> {
  if (row?.status !== 'failed') return true;
  const restart = restartOf(row);
  if (restart === null) return false;
  return 'nextAt' in restart ? Date.parse(restart.nextAt) <= now : restart.stamp !== (await stamp());
}

/** `metadata.restart` of a row; null also where there is none. */
export function restartOf({ metadata }: WorkerRow): Restart {
  const { restart } = metadata as { restart?: { attempt?: unknown; nextAt?: unknown; stamp?: unknown } | null };
  if (typeof restart?.stamp === 'string') return { stamp: restart.stamp };
  if (typeof restart?.nextAt !== 'string' || Number.isNaN(Date.parse(restart.nextAt))) return null;
  return { attempt: Number(restart.attempt), nextAt: restart.nextAt };
}

function isTransient(code: string): boolean {
  return isProjectErrorCode(code) && (PROJECT_ERRORS[code] as ProjectRule).retryable === true;
}

/** Failures in a row, this one included. A start by a call, a stop and a healthy time begin the count anew. */
function attemptOf({ startedBy, startedAt }: Failure, { rule, before, now }: RestartContext): number {
  const isFresh = (by: unknown, from: string, to: number): boolean =>
    by === 'api' || to - Date.parse(from) >= rule.healthyMs;
  let attempt = 1;
  if (isFresh(startedBy, startedAt, now)) return attempt;
  for (const row of before) {
    const endedAt = row.stoppedAt === null ? Number.NaN : Date.parse(row.stoppedAt);
    if (row.status !== 'failed' || !(now - endedAt <= rule.windowMs)) break;
    attempt += 1;
    if (isFresh(row.metadata.startedBy, row.startedAt, endedAt)) break;
  }
  return attempt;
}
