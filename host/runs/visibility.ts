/** Temporal's index of runs: what is asked of it, and what it answers. */
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { triggerOfLabel } from '../temporal/workflows/labels.ts';
import type { Trigger } from '../temporal/workflows/types.ts';
import type { Place } from './cursor.ts';
import type { RunStatus, RunSummary } from './view.ts';

/** Which runs. Null: whatever it is. */
export interface RunFilter {
  readonly workflow: string | null;
  /** `main`: those of a project that is no repository, which have no branch. */
  readonly branch: { readonly name: string | null } | null;
  readonly status: RunStatus | null;
  readonly commit: string | null;
  readonly tenant: string | null;
  /** `id` null: every trigger of the type. */
  readonly trigger: { readonly type: Trigger['type']; readonly id: string | null } | null;
  /** ISO 8601; of the start, both inclusive. */
  readonly from: string | null;
  readonly to: string | null;
}

const STATUS_QUERY: Readonly<Record<RunStatus, string>> = {
  'in-progress': "ExecutionStatus = 'Running'",
  completed: "ExecutionStatus = 'Completed'",
  // A run that was continued is told of by the run that goes on.
  failed: "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')",
};

/** The query that finds the runs. */
export function visibilityQuery(filter: RunFilter): string {
  const { branch, status, trigger, from, to } = filter;
  const equal = (name: string, value: string | null): string[] => (value === null ? [] : [`${name} = ${quote(value)}`]);
  return [
    "WorkflowType = 'billingWorkflow'",
    ...equal('CloisterWorkflow', filter.workflow),
    ...equal('CloisterCommit', filter.commit),
    ...equal('CloisterTenant', filter.tenant),
    ...(branch === null
      ? []
      : branch.name === null
        ? ['CloisterBranch IS NULL']
        : equal('CloisterBranch', branch.name)),
    ...(status === null ? [] : [STATUS_QUERY[status]]),
    ...(trigger === null ? [] : [triggerQuery(trigger)]),
    ...(from === null ? [] : [`StartTime >= ${quote(from)}`]),
    ...(to === null ? [] : [`StartTime <= ${quote(to)}`]),
  ].join(' AND ');
}

/** No type begins as another does. */
function triggerQuery({ type, id }: NonNullable<RunFilter['trigger']>): string {
  return id === null ? `CloisterTrigger STARTS_WITH ${quote(type)}` : `CloisterTrigger = ${quote(`${type}:${id}`)}`;
}

/** A text as a query of the index holds it. A git branch may hold a quote. */
export function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

type Execution = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>['executions'][number];
type Timestamp = Execution['startTime'];

/** A run as the index knows it, with its place in the list. */
export interface Indexed extends Place {
  readonly summary: RunSummary;
}

/** Reads one entry of the index. */
export function readIndexed(execution: Execution): Indexed {
  const summary = summarise(execution);
  return { start: nanoseconds(execution.startTime), runId: summary.runId, summary };
}

function summarise(execution: Execution): RunSummary {
  const memo = (name: string): string | null => {
    const payload = execution.memo?.fields?.[name];
    return payload ? String(defaultPayloadConverter.fromPayload(payload)) : null;
  };
  const end = execution.closeTime ? isoTime(nanoseconds(execution.closeTime)) : null;
  const running = execution.status === 1;
  const completed = execution.status === 2;
  const trigger = memo('CloisterTrigger');
  return {
    runId: execution.execution?.runId ?? '',
    workflowId: execution.execution?.workflowId ?? '',
    workflow: memo('CloisterWorkflow') ?? '',
    branch: memo('CloisterBranch'),
    commit: memo('CloisterCommit'),
    status: running ? 'in-progress' : completed ? 'completed' : 'failed',
    tenantOrganizationId: memo('CloisterTenant'),
    trigger: trigger === null ? null : triggerOfLabel(trigger, execution.parentExecution?.workflowId ?? null),
    executionPeriod: { start: isoTime(nanoseconds(execution.startTime)), ...(end && { end }) },
  };
}

function nanoseconds(at: Timestamp): bigint {
  return BigInt(String(at?.seconds ?? 0)) * 1_000_000_000n + BigInt(at?.nanos ?? 0);
}

/** ISO 8601 of nanoseconds, cut off to milliseconds. */
export function isoTime(at: bigint): string {
  return new Date(Number(at / 1_000_000n)).toISOString();
}
