/** Starting runs at Temporal. */
import { randomUUID } from 'node:crypto';
import { WorkflowExecutionAlreadyStartedError, type WorkflowStartOptions } from '@temporalio/client';
import { ApiError } from '../error.ts';
import { labelsOf } from '../temporal/workflows/labels.ts';
import type { BillingArgs, Pin, Rerun, Trigger } from '../temporal/workflows/types.ts';
import type { Ask } from './ask.ts';
import { type Attempt, conflict } from './idempotency.ts';
import type { RunIds } from './view.ts';

/** What starts a run. */
export interface StartRun {
  readonly workflow: string;
  readonly branch: string | null;
  readonly input: Readonly<Record<string, unknown>>;
  /** Temporal workflow id; absent: a UUID. */
  readonly workflowId?: string;
  readonly trigger?: Trigger;
  /** The plan to run; absent: compiled by the run's first step. */
  readonly pin?: Pin;
  readonly rerun?: Rerun;
  /** One attempt of a start that must happen once; its workflow id counts. */
  readonly attempt?: Attempt;
}

/** What a start led to. */
export interface StartedRun extends RunIds {
  /** Of the run that runs: a run found under the id may be of another workflow. */
  readonly workflow: string;
  readonly branch: string | null;
  readonly deduplicated: boolean;
}

/** The SDK's own way to say that a start is the same as an earlier one: it has no other name. */
const INTERNAL = Symbol.for('__temporal_internal_client_workflow_start_options');

/** Starts a run, or finds the one that runs under the same id. Rejects with `WORKFLOW_ID_TAKEN`, `IDEMPOTENCY_CONFLICT`. */
export async function startRun(ask: Ask, taskQueue: string, request: StartRun): Promise<StartedRun> {
  const { workflow, branch, input, attempt, pin, rerun, trigger = { type: 'manual', id: null } } = request;
  const workflowId = attempt?.workflowId ?? request.workflowId ?? randomUUID();
  const args: BillingArgs = { workflow, branch, input, trigger, ...(pin && { pin }), ...(rerun && { rerun }) };
  const { memo, searchAttributes } = labelsOf(args);
  const options = {
    taskQueue,
    workflowId,
    args: [args],
    memo: { ...memo, ...(attempt && { CloisterRequest: attempt.mark }) },
    searchAttributes,
    workflowIdReusePolicy: attempt?.once ? 'REJECT_DUPLICATE' : 'ALLOW_DUPLICATE',
    workflowIdConflictPolicy: 'FAIL',
    ...(attempt && { [INTERNAL]: { requestId: attempt.requestId } }),
  } satisfies WorkflowStartOptions;
  try {
    const handle = await ask((client) => client.workflow.start('billingWorkflow', options));
    return { workflowId, runId: handle.firstExecutionRunId, workflow, branch, deduplicated: false };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return joined(ask, { workflowId, tenant: memo.CloisterTenant ?? null, attempt });
  }
}

interface Found {
  readonly workflowId: string;
  readonly tenant: string | null;
  readonly attempt: Attempt | undefined;
}

async function joined(ask: Ask, { workflowId, tenant, attempt }: Found): Promise<StartedRun> {
  const { type, runId, memo } = await ask((client) => client.workflow.getHandle(workflowId).describe());
  const { CloisterWorkflow: workflow, CloisterBranch: branch = null, CloisterRequest: mark } = labels(memo);
  if (type !== 'billingWorkflow' || (memo?.CloisterTenant ?? null) !== tenant) throw taken();
  const isOwn = attempt !== undefined && mark === attempt.mark;
  if (attempt && !isOwn && mark?.split(' ')[0] === attempt.mark.split(' ')[0]) throw conflict();
  return { workflowId, runId, workflow: workflow ?? '', branch, deduplicated: !isOwn };
}

const labels = (memo: unknown): Record<string, string | undefined> => (memo ?? {}) as Record<string, string>;

function taken(): ApiError {
  return new ApiError('WORKFLOW_ID_TAKEN', 'this workflow id is taken', {
    where: '_workflowId',
    found: 'an id that is in use',
    expected: 'another id',
  });
}
