/**
 * Traces through Temporal: a start carries the trace in a header, the run hands it on to what it starts, and activities take it
 * up. Header and names of spans are those of Temporal's own interceptors.
 *
 * The span of a run lasts longer than a process may: its id is made of the run's, so that every host knows it, and the host on
 * which the run ends sends it.
 */
import type { Context } from '@temporalio/activity';
import type { WorkflowClientInterceptor } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import type { Tracing } from './tracing.ts';

const TRACE_HEADER = '_tracer-data';
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Puts the active trace into the starts of a client. */
export function tracedStarts(tracing: Tracing): WorkflowClientInterceptor {
  return {
    async startWithDetails(input, next) {
      const span = tracing.begin(`StartWorkflow:${input.workflowType}`, { kind: 'client' });
      try {
        const { traceparent } = span;
        if (traceparent === null) return await next(input);
        const header = { [TRACE_HEADER]: defaultPayloadConverter.toPayload({ traceparent }) };
        return await next({ ...input, headers: { ...input.headers, ...header } });
      } catch (error) {
        span.fail('NOT_STARTED');
        throw error;
      } finally {
        span.end();
      }
    },
  };
}

/** Makes each activity a span of its run, and the active one while it runs. */
export function tracedActivities(tracing: Tracing): (context: Context) => { inbound: ActivityInboundCallsInterceptor } {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        const { runId, workflowId } = info.workflowExecution ?? {};
        const span = tracing.begin(`RunActivity:${info.activityType}`, {
          parent: runId === undefined ? null : spanOfRun(tracing, runId, traceIn(input.headers[TRACE_HEADER]?.data)),
          attributes: {
            'temporal.activity.id': info.activityId,
            'temporal.activity.attempt': info.attempt,
            ...(runId !== undefined && { 'temporal.run.id': runId }),
            ...(workflowId !== undefined && { 'temporal.workflow.id': workflowId }),
          },
        });
        try {
          return await tracing.within(span, () => next(input));
        } catch (error) {
          span.fail(typeOf(error));
          throw error;
        } finally {
          span.end();
        }
      },
    },
  });
}

/** Sends the span of a run that is over. */
export function traceRun(
  tracing: Tracing,
  info: WorkflowInfo,
  { code, header }: { readonly code: string | null; readonly header: Uint8Array | null },
): void {
  const trace = traceIn(header);
  const [, traceId, , flags] = TRACEPARENT.exec(trace ?? '') ?? [];
  const isChild = info.parent !== undefined && traceId !== undefined;
  const span = tracing.begin(`RunWorkflow:${info.workflowType}`, {
    parent: isChild ? `00-${traceId}-${spanIdOf(info.parent.runId)}-${flags}` : trace,
    traceId: hexOf(info.runId),
    id: spanIdOf(info.runId),
    startMs: info.startTime.getTime(),
    attributes: { 'temporal.run.id': info.runId, 'temporal.workflow.id': info.workflowId },
  });
  if (code !== null) span.fail(code);
  span.end();
}

/** `traceparent` of a run's span, known before it is sent. Without a header the run is a trace of its own. */
function spanOfRun(tracing: Tracing, runId: string, trace: string | null): string | null {
  const [, traceId, , flags] = TRACEPARENT.exec(trace ?? '') ?? [];
  if (traceId !== undefined) return `00-${traceId}-${spanIdOf(runId)}-${flags}`;
  return tracing.root(hexOf(runId), spanIdOf(runId));
}

function traceIn(data: Uint8Array | null | undefined): string | null {
  if (!data) return null;
  try {
    const { traceparent } = JSON.parse(new TextDecoder().decode(data)) as { traceparent?: unknown };
    return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? traceparent : null;
  } catch {
    return null;
  }
}

const hexOf = (runId: string): string => runId.replaceAll('-', '').toLowerCase();
/** The last half of a run's UUID is random in all of Temporal's versions. */
const spanIdOf = (runId: string): string => hexOf(runId).slice(-16);

function typeOf(error: unknown): string {
  const type = (error as { readonly type?: unknown } | null)?.type;
  return typeof type === 'string' ? type : 'ERROR';
}
