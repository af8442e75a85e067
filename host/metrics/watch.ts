/** Sees the work of a host: runs, activities, scripts and their calls become figures and spans. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInboundCallsInterceptor, InjectedSinks } from '@temporalio/worker';
import { CapabilityError } from '../broker/capability.ts';
import { scope } from '../log.ts';
import type { CallWatch, ScriptWatch } from '../runner.ts';
import type { RunSinks } from '../temporal/workflows/sinks.ts';
import { traceRun } from '../tracing/temporal.ts';
import type { Span, Tracing } from '../tracing/tracing.ts';
import type { Meter } from './meter.ts';

const HOST_STEP = 'cloister:';

/** Figures and spans of scripts, and of the capability calls they make. */
export function watchScripts(meter: Meter, tracing: Tracing): ScriptWatch {
  const watchCall =
    (cell: Span): CallWatch =>
    async (method, perform) => {
      const since = performance.now();
      const span = tracing.begin(method, { kind: 'client', parent: cell.traceparent });
      let code: string | null = null;
      try {
        return await tracing.within(span, perform);
      } catch (error) {
        code = error instanceof CapabilityError ? error.code : 'FAILED';
        span.fail(code);
        throw error;
      } finally {
        span.end();
        meter.call(method, code, seconds(since));
      }
    };
  return {
    async script(request, perform) {
      const { run, bundle, onKill } = request;
      const watched = {
        ...request,
        onKill: (code: string) => {
          meter.kill(code);
          onKill?.(code);
        },
      };
      const since = performance.now();
      const span = tracing.begin('cell', {
        attributes: { 'cloister.activity': run.activity, 'cloister.bundle': bundle.digest },
      });
      try {
        const outcome = await tracing.within(span, () => perform(watched, watchCall(span)));
        const { cpuMs, wallMs, calls } = outcome.usage;
        const code = outcome.ok ? null : outcome.code;
        const waited = seconds(since) - wallMs / 1000;
        meter.script(code, { cpu: cpuMs / 1000, waited });
        span.set({ 'cloister.cpu_ms': cpuMs, 'cloister.wall_ms': wallMs, 'cloister.calls': calls });
        if (code !== null) span.fail(code);
        return outcome;
      } finally {
        span.end();
      }
    },
  };
}

/** Figures of activities, the steps of the host's own among them; what is logged meanwhile names the run. */
export function watchActivities(meter: Meter): (context: Context) => { inbound: ActivityInboundCallsInterceptor } {
  return ({ info: { activityType, activityId, workflowExecution } }) => ({
    inbound: {
      async execute(input, next) {
        const about = { activity: activityId, ...(workflowExecution && { runId: workflowExecution.runId }) };
        const since = performance.now();
        let code: string | null = null;
        try {
          return await scope.run(about, () => next(input));
        } catch (error) {
          code = error instanceof CancelledFailure ? 'CANCELLED' : typeOf(error);
          throw error;
        } finally {
          // Names of scripts are the projects' own, and without bound.
          meter.activity(activityType.startsWith(HOST_STEP) ? activityType : 'script', code, seconds(since));
        }
      },
    },
  });
}

/** Where runs tell this host of their begin and end. */
export function watchRuns(meter: Meter, tracing: Tracing): InjectedSinks<RunSinks> {
  return {
    run: {
      started: { fn: (_info, trigger) => meter.runStarted(trigger) },
      closed: {
        fn: (info, code, header) => {
          meter.runClosed(code, (Date.now() - info.startTime.getTime()) / 1000);
          traceRun(tracing, info, { code, header });
        },
      },
    },
  };
}

const seconds = (since: number): number => (performance.now() - since) / 1000;

function typeOf(error: unknown): string {
  return error instanceof ApplicationFailure ? (error.type ?? '') : '';
}
