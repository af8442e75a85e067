/** Checks of a worker's heartbeat, and of what its host and its row say of it. */
import type { WorkerRow } from '../../../registry/index.ts';
import type { Find } from './checks.ts';
import type { Evidence } from './evidence.ts';

/** A beat that is late by half did not arrive. */
const LATE = 1.5;

/** The worker that this host runs. */
function here({ project, figures }: Evidence): Evidence['figures']['workers'][number] | undefined {
  return figures.workers.find(({ projectId }) => projectId === project?.id);
}

/** Age of the last heartbeat, milliseconds; infinite where there is none. */
function ageOf({ lastHeartbeat }: WorkerRow, now: number): number {
  return lastHeartbeat === null ? Number.POSITIVE_INFINITY : now - Date.parse(lastHeartbeat);
}

/** Running, with a fresh heartbeat. */
export function isHealthy(row: WorkerRow | undefined, { now, settings }: Evidence): boolean {
  return row?.status === 'running' && ageOf(row, now) < settings.staleMs;
}

const stale: Find = (evidence) => {
  const { workers, now, settings } = evidence;
  const row = workers.find(({ status }) => status === 'running');
  if (row === undefined || isHealthy(row, evidence)) return null;
  const age = ageOf(row, now);
  const found = Number.isFinite(age) ? `none for ${Math.round(age / 1000)} s` : 'none at all';
  return { where: `heartbeat of worker ${row.workerId}`, found, expected: `one within ${settings.staleMs / 1000} s` };
};

const unwritten: Find = (evidence) => {
  const worker = here(evidence);
  const { heartbeatMs } = evidence.settings;
  if (worker?.heartbeatAgeMs == null || worker.heartbeatAgeMs < heartbeatMs * LATE) return null;
  return {
    where: `heartbeat of worker ${worker.workerId}`,
    found: `none was written for ${Math.round(worker.heartbeatAgeMs / 1000)} s`,
    expected: `one every ${heartbeatMs / 1000} s`,
  };
};

const rowLost: Find = (evidence) => {
  const worker = here(evidence);
  if (worker === undefined || evidence.database !== null) return null;
  if (evidence.workers.some(({ workerId }) => workerId === worker.workerId)) return null;
  return { where: `workflow_workers of ${worker.workerId}`, found: 'no row', expected: 'the row of a running worker' };
};

const drift: Find = (evidence) => {
  if (evidence.database !== null) return null;
  const worker = here(evidence);
  const row = evidence.workers.find(({ workerId }) => workerId === worker?.workerId);
  if (worker && row && !['running', 'stopping'].includes(row.status))
    return {
      where: `worker ${row.workerId}`,
      found: `status ${row.status} of a worker that runs`,
      expected: 'status running',
    };
  const open = evidence.workers.find(({ status, host }) => status === 'running' && host === evidence.host);
  const isHere = evidence.figures.workers.some(({ workerId }) => workerId === open?.workerId);
  // Another process of this machine may be a host too; it would beat.
  if (open === undefined || isHere || isHealthy(open, evidence)) return null;
  return {
    where: `worker ${open.workerId}`,
    found: 'status running of a worker that no host runs',
    expected: 'status failed',
  };
};

/** By their codes. */
export const HEARTBEAT_CHECKS = {
  HEARTBEAT_STALE: stale,
  HEARTBEAT_WRITE_FAILED: unwritten,
  HEARTBEAT_ROW_LOST: rowLost,
  STATUS_DRIFT: drift,
} as const;
