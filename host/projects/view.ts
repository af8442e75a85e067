/** Workers as the API shows them, out of their rows. Nothing of the host's own text is in it. */
import type { LeaseRow, ProjectRow, WorkerRow } from '../../registry/index.ts';
import { leaseOf } from './fleet.ts';
import { isLive } from './membership.ts';
import type { ProjectSettings } from './settings.ts';
import type { WorkerDetail, WorkerView } from './types.ts';

/** A running row whose heartbeat is fresh. */
export function isHealthy({ status, lastHeartbeat }: WorkerRow, staleMs: number, now = Date.now()): boolean {
  return status === 'running' && lastHeartbeat !== null && now - Date.parse(lastHeartbeat) < staleMs;
}

/** `rows`: the project's, newest first; `leases`: of its slots. */
export function viewOf(
  project: ProjectRow,
  rows: readonly WorkerRow[],
  leases: readonly LeaseRow[],
  { staleMs }: Pick<ProjectSettings, 'staleMs'>,
): WorkerView {
  // Where several hosts poll, one that has ended says nothing of the others.
  const several = project.workerSlots > 1 ? rows.find((row) => isHealthy(row, staleMs)) : undefined;
  const row = several ?? rows[0];
  const healthy = row !== undefined && isHealthy(row, staleMs);
  return {
    projectId: project.id,
    status: row?.status ?? 'stopped',
    isRunning: healthy && isHeld(row, leases),
    isHealthy: healthy,
    hasLease: row !== undefined && isHeld(row, leases),
    workerId: row?.workerId ?? null,
    taskQueue: project.taskQueueName,
    host: row?.host ?? null,
    startedAt: row?.startedAt ?? null,
    lastHeartbeat: row?.lastHeartbeat ?? null,
    workflows: row ? numberOf(statsOf(row).workflows) : null,
    lastError: row ? errorOf(row) : null,
  };
}

/** `metadata.stats` of a row. */
export function statsOf({ metadata }: WorkerRow): Readonly<Record<string, number>> {
  const { stats } = metadata;
  if (typeof stats !== 'object' || stats === null) return {};
  return Object.fromEntries(Object.entries(stats).filter(([, value]) => typeof value === 'number'));
}

/** An open row among those of all hosts. */
export function detailOf(row: WorkerRow, now = Date.now()): WorkerDetail {
  const { projectId, workerId, host, status, startedAt, lastHeartbeat } = row;
  return { projectId, workerId, host, status, startedAt, lastHeartbeat, secondsSinceHeartbeat: ageOf(row, now) };
}

/** Whether the host of a worker may still have it: one that died stops renewing, which shows before its heartbeat is stale. */
function isHeld({ projectId, slot, leaseFence }: WorkerRow, leases: readonly LeaseRow[]): boolean {
  const resource = leaseOf(projectId, slot ?? 0);
  return leases.some((lease) => lease.resource === resource && lease.fence === leaseFence && isLive(lease, Date.now()));
}

/** Seconds since the last heartbeat, to a tenth; null before the first. */
function ageOf({ lastHeartbeat }: WorkerRow, now: number): number | null {
  return lastHeartbeat === null ? null : Math.round(Math.max(0, now - Date.parse(lastHeartbeat)) / 100) / 10;
}

/** What was told when it failed: its own words may name paths and addresses of the host. */
function errorOf({ status, metadata, stoppedAt }: WorkerRow): WorkerView['lastError'] {
  const { told } = metadata as { told?: { code?: unknown; message?: unknown } };
  if (status !== 'failed') return null;
  const { code = 'WORKER_FAILED', message = 'it failed' } = told ?? {};
  return { code: String(code), message: String(message), occurredAt: stoppedAt };
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
