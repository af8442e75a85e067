/** The checks of a diagnosis: one function each, from what was gathered to what is wrong. In the order of the table of complaints. */
import type { WorkerRow } from '../../../registry/index.ts';
import { CODE_CHECKS } from './code.ts';
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

const OUTSIDE = [
  [
    'TEMPORAL_UNREACHABLE',
    ({ temporal: { address, error } }, isHosts) =>
      error === null
        ? null
        : {
            where: isHosts ? `TEMPORAL_ADDRESS ${address}` : 'Temporal',
            found: isHosts ? error : 'no answer',
            expected: 'a server that serves',
          },
  ],
  ['DATABASE_UNREACHABLE', ({ database }) => of(database, 'DATABASE_UNREACHABLE')],
  ['DATABASE_FORBIDDEN', ({ database }) => of(database, 'DATABASE_FORBIDDEN')],
  ['SCHEMA_OUTDATED', ({ database }) => of(database, 'SCHEMA_OUTDATED')],
] as const satisfies readonly (readonly [string, Find])[];

const CRASHES = [
  ['ACTIVITY_NOT_FOUND', failureCheck('ACTIVITY_NOT_FOUND', 'ACTIVITY_VERSION_NOT_FOUND')],
  ['SCRIPT_MEMORY', failureCheck('SCRIPT_MEMORY')],
  ['GUEST_MEMORY_EXCEEDED', failureCheck('GUEST_MEMORY_EXCEEDED')],
  ['TEMPORAL_CONNECTION_LOST', ({ workers }) => ended(workers[0], 'TEMPORAL_CONNECTION_LOST', 'TEMPORAL_UNREACHABLE')],
  ['RESTART_LIMIT', ({ workers }) => ended(workers[0], 'RESTART_LIMIT')],
] as const satisfies readonly (readonly [string, Find])[];

/** Every check with its code. */
export const CHECKS: readonly (readonly [code: string, find: Find])[] = [
  ...OUTSIDE,
  ...QUEUE_CHECKS,
  ['COMPILED_NOT_JSON', problemOf('COMPILED_NOT_JSON', 'COMPILED_SHAPE')],
  ['WORKFLOW_SYNTAX', problemOf('WORKFLOW_SYNTAX')],
  ['ACTIVITY_SYNTAX', problemOf('ACTIVITY_SYNTAX')],
  ...CRASHES,
  ...HEARTBEAT_CHECKS,
  ...EXECUTION_CHECKS,
  ...CODE_CHECKS,
  ...HOST_CHECKS,
];

const OWN = new Set([...CHECKS.map(([code]) => code), 'COMPILED_SHAPE']);

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
