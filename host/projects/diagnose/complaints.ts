/** What people complain of, and the codes of what may be behind it (specification: project workers 15). */

/** Complaint → codes, in the order in which they are looked at. */
export const COMPLAINTS = [
  [
    'the worker does not start',
    [
      'TEMPORAL_UNREACHABLE',
      'DATABASE_UNREACHABLE',
      'DATABASE_FORBIDDEN',
      'SCHEMA_OUTDATED',
      'NO_COMPILED_WORKFLOWS',
      'WORKFLOW_INACTIVE',
      'TASK_QUEUE_INVALID',
      'TASK_QUEUE_MISMATCH',
      'COMPILED_NOT_JSON',
      'WORKFLOW_SYNTAX',
      'ACTIVITY_SYNTAX',
    ],
  ],
  [
    'it crashes again and again',
    [
      'WORKFLOW_SYNTAX',
      'ACTIVITY_NOT_FOUND',
      'SCRIPT_MEMORY',
      'GUEST_MEMORY_EXCEEDED',
      'TEMPORAL_CONNECTION_LOST',
      'RESTART_LIMIT',
    ],
  ],
  ['the heartbeat stands still', ['HEARTBEAT_STALE', 'HEARTBEAT_WRITE_FAILED', 'HEARTBEAT_ROW_LOST', 'STATUS_DRIFT']],
  [
    'workflows do not execute',
    ['WORKER_NOT_RUNNING', 'NO_POLLERS', 'TASK_QUEUE_MISMATCH', 'WORKFLOW_TYPE_UNKNOWN', 'ACTIVITY_FAILING'],
  ],
  ['activities fail', ['ACTIVITY_ERROR', 'SCRIPT_WALL', 'ACTIVITY_RETRIES_EXHAUSTED', 'ACTIVITY_NOT_FOUND']],
  ['new code does not show', ['STALE_COMPILED_CODE', 'NOT_RECOMPILED', 'RUN_PINNED']],
  ['several hosts', ['LEASE_HELD', 'LEASE_LOST', 'CLOCK_SKEW', 'HOST_FULL', 'EMBEDDED_SINGLE_HOST']],
] as const;

/** A code that a diagnosis always tells of. */
export type CheckedCode = (typeof COMPLAINTS)[number][1][number];

/** Each once, in their order. */
export const CHECKED: readonly CheckedCode[] = [...new Set(COMPLAINTS.flatMap(([, codes]) => [...codes]))];
