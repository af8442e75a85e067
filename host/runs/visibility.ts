/** Temporal's index of runs: what is asked of it, and what it answers. */
import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ListRuns } from './index.ts';
import type { RunStatus, RunSummary } from './view.ts';

const STATUS_QUERY: Readonly<Record<RunStatus, string>> = {
  'in-progress': "ExecutionStatus = 'Running'",
  completed: "ExecutionStatus = 'Completed'",
  failed: "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated', 'Canceled')",
};

/** The query that finds the runs of a list. */
export function visibilityQuery({ workflow, branch, status, tenant }: ListRuns): string {
  return [
    "WorkflowType = 'billingWorkflow'",
    `CloisterWorkflow = ${quote(workflow)}`,
    ...(branch !== null && branch !== '*' ? [`CloisterBranch = ${quote(branch)}`] : []),
    ...(branch === null ? ['CloisterBranch IS NULL'] : []),
    ...(tenant !== null ? [`CloisterTenant = ${quote(tenant)}`] : []),
    ...(status !== null ? [STATUS_QUERY[status]] : []),
  ].join(' AND ');
}

/** A git branch may hold a quote. */
const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;

type Execution = Awaited<ReturnType<Client['workflowService']['listWorkflowExecutions']>>['executions'][number];

/** A run as the index knows it. */
export function summarise(execution: Execution): RunSummary {
  const memo = (name: string): string | null => {
    const payload = execution.memo?.fields?.[name];
    return payload ? String(defaultPayloadConverter.fromPayload(payload)) : null;
  };
  const end = execution.closeTime ? isoTime(execution.closeTime) : null;
  const running = execution.status === 1;
  const completed = execution.status === 2;
  return {
    runId: execution.execution?.runId ?? '',
    workflowId: execution.execution?.workflowId ?? '',
    workflow: memo('CloisterWorkflow') ?? '',
    branch: memo('CloisterBranch'),
    commit: memo('CloisterCommit'),
    status: running ? 'in-progress' : completed ? 'completed' : 'failed',
    tenantOrganizationId: memo('CloisterTenant'),
    executionPeriod: { start: isoTime(execution.startTime), ...(end && { end }) },
  };
}

/** Order of a list. */
export function newestFirst(a: RunSummary, b: RunSummary): number {
  return b.executionPeriod.start.localeCompare(a.executionPeriod.start);
}

function isoTime(at: Execution['startTime']): string {
  return new Date(Number(at?.seconds ?? 0) * 1000 + Math.floor((at?.nanos ?? 0) / 1e6)).toISOString();
}
