/**
 * What Temporal's VM does for traces and figures: the header of a run's trace goes on to all that the run starts, and the host is
 * told of begin and end. Nothing here is recorded or depends on settings, so that hosts with and without traces replay each
 * other's runs.
 */
import {
  ApplicationFailure,
  type Headers,
  isCancellation,
  proxySinks,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import type { RunSinks } from './sinks.ts';
import type { BillingArgs } from './types.ts';

/** Header of Temporal's own tracing interceptors: a text map with `traceparent`. */
const TRACE_HEADER = '_tracer-data';

const { run } = proxySinks<RunSinks>();

/** Temporal's entry to a module of interceptors; called once for each run. */
export const interceptors = (): WorkflowInterceptors => {
  let kept: Headers = {};
  const traced = <T extends { readonly headers: Headers }>(input: T): T => ({
    ...input,
    headers: { ...kept, ...input.headers },
  });
  return {
    inbound: [
      {
        async execute(input, next) {
          const header = input.headers[TRACE_HEADER];
          if (header) kept = { [TRACE_HEADER]: header };
          const trace = header?.data ?? null;
          const [args] = input.args as [BillingArgs | undefined];
          run.started(args?.trigger?.type ?? 'manual');
          try {
            const result = await next(input);
            run.closed(null, trace);
            return result;
          } catch (error) {
            run.closed(codeOf(error), trace);
            throw error;
          }
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(traced(input)),
        scheduleLocalActivity: (input, next) => next(traced(input)),
        startChildWorkflowExecution: (input, next) => next(traced(input)),
      },
    ],
  };
};

function codeOf(error: unknown): string {
  if (isCancellation(error)) return 'CANCELLED';
  return error instanceof ApplicationFailure ? (error.type ?? '') : '';
}
