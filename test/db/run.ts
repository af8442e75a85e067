import type { RunContext } from '../../host/broker/capability.ts';

/** A run of a tenant that is granted `db` with these tables (the sample `notes`) and functions (none). */
export function run(
  tenant: string | null,
  change: Partial<RunContext> & { tables?: string[]; functions?: string[] } = {},
): RunContext {
  const { tables: granted = ['notes'], functions = [], ...rest } = change;
  return {
    tenant,
    runId: 'run',
    workflow: 'workflow',
    activity: 'activity',
    attempt: 1,
    digest: 'digest',
    grants: {
      capabilities: new Set(['db'] as const),
      http: { allow: [], privateRanges: [], secrets: new Map() },
      db: { tables: granted, functions },
      env: {},
    },
    deadline: Date.now() + 60_000,
    signal: new AbortController().signal,
    nextWriteKey: () => 'key',
    ...rest,
  };
}
