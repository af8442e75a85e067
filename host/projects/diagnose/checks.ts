/** The checks of a diagnosis: one function each, from what was gathered to what is wrong. In the order of the table of complaints. */
import type { WorkerRow } from '../../../registry/index.ts';
import { CHECKED, type CheckedCode } from './complaints.ts';
import type { Evidence } from './evidence.ts';
import { EXECUTION_CHECKS, failureCheck } from './execution.ts';
import { HOST_CHECKS } from './hosts.ts';
import { first, problemOf } from './problem.ts';
import { QUEUE_CHECKS } from './queue.ts';
import { HEARTBEAT_CHECKS } from './worker.ts';

/** What is wrong, and where. Safe to show to whoever may see the project. */
export interface Finding {
  readonly where: string;
  readonly found: string;
  readonly expected: string;
}

/** Null: nothing is wrong. `isHosts`: the reader is of the host's own. */
export type Find = (evidence: Evidence, isHosts: boolean) => Finding | null;

const unreachable: Find = ({ temporal: { address, error } }, isHosts) => {
  if (error === null) return null;
  const where = isHosts ? `TEMPORAL_ADDRESS ${address}` : 'Temporal';
  return { where, found: isHosts ? error : 'no answer', expected: 'a server that serves' };
};

/** Every check by its code. */
const FINDS: Readonly<Record<CheckedCode, Find>> = {
  TEMPORAL_UNREACHABLE: unreachable,
  DATABASE_UNREACHABLE: ({ database }) => of(database, 'DATABASE_UNREACHABLE'),
  DATABASE_FORBIDDEN: ({ database }) => of(database, 'DATABASE_FORBIDDEN'),
  SCHEMA_OUTDATED: ({ database }) => of(database, 'SCHEMA_OUTDATED'),
  COMPILED_NOT_JSON: problemOf('COMPILED_NOT_JSON', 'COMPILED_SHAPE'),
  WORKFLOW_SYNTAX: problemOf('WORKFLOW_SYNTAX'),
  ACTIVITY_SYNTAX: problemOf('ACTIVITY_SYNTAX'),
  ACTIVITY_NOT_FOUND: failureCheck('ACTIVITY_NOT_FOUND', 'ACTIVITY_VERSION_NOT_FOUND'),
  SCRIPT_MEMORY: failureCheck('SCRIPT_MEMORY'),
  GUEST_MEMORY_EXCEEDED: failureCheck('GUEST_MEMORY_EXCEEDED'),
  TEMPORAL_CONNECTION_LOST: ({ workers }) => ended(workers[0], 'TEMPORAL_CONNECTION_LOST', 'TEMPORAL_UNREACHABLE'),
  RESTART_LIMIT: ({ workers }) => ended(workers[0], 'RESTART_LIMIT'),
  STALE_COMPILED_CODE: problemOf('STALE_COMPILED_CODE'),
  NOT_RECOMPILED: problemOf('NOT_RECOMPILED'),
  ...QUEUE_CHECKS,
  ...HEARTBEAT_CHECKS,
  ...EXECUTION_CHECKS,
  ...HOST_CHECKS,
};

/** Every check with its code, in their order. */
export const CHECKS: readonly (readonly [code: CheckedCode, find: Find])[] = CHECKED.map((code) => [code, FINDS[code]]);

/** Told of by a check of their own, or by another's. */
const OWN: ReadonlySet<string> = new Set([...CHECKED, 'COMPILED_SHAPE']);

/** What else is wrong with a project's code, each code once. */
export function furtherProblems({ loaded }: Evidence): (readonly [code: string, finding: Finding])[] {
  const others = (loaded?.problems ?? []).filter(({ code }) => !OWN.has(code));
  return [...Map.groupBy(others, ({ code }) => code)].flatMap(([code, some]) => {
    const finding = first(some);
    return finding === null ? [] : [[code, finding] as const];
  });
}

function of(trouble: Evidence['database'], code: string): Finding | null {
  return trouble?.code === code ? trouble : null;
}

/** The newest start ended so. */
function ended(row: WorkerRow | undefined, ...codes: readonly string[]): Finding | null {
  if (row?.status !== 'failed' || !codes.includes(String(row.metadata.code))) return null;
  const at = row.stoppedAt ?? row.startedAt;
  return {
    where: `worker ${row.workerId}`,
    found: `failed at ${at} with ${row.metadata.code}`,
    expected: 'a running worker',
  };
}
