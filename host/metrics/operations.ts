/** What looks after a host: its figures, its traces, and the word that it is to stop. */
import type { WorkflowClientInterceptor } from '@temporalio/client';
import type { Operations } from '../api/watch.ts';
import type { ScriptWatch } from '../runner.ts';
import type { WorkerWatch } from '../temporal/worker.ts';
import { tracedActivities, tracedStarts } from '../tracing/temporal.ts';
import { openTracing, type TraceSettings } from '../tracing/tracing.ts';
import { Meter } from './meter.ts';
import { watchActivities, watchRuns, watchScripts } from './watch.ts';

/** What looks after a host; its parts get of this what they need. */
export interface HostOperations extends Operations {
  readonly scripts: ScriptWatch;
  readonly worker: WorkerWatch;
  readonly starts: WorkflowClientInterceptor[];
  /** Says that the host is to stop. */
  stop(): void;
  close(): Promise<void>;
}

/** Opens figures and traces. Null: no traces. */
export async function openOperations(traces: TraceSettings | null): Promise<HostOperations> {
  const meter = new Meter();
  const tracing = await openTracing(traces);
  const stopping = new AbortController();
  return {
    meter,
    tracing,
    stopping: stopping.signal,
    scripts: watchScripts(meter, tracing),
    worker: {
      activities: [watchActivities(meter), ...(tracing.isOn ? [tracedActivities(tracing)] : [])],
      sinks: watchRuns(meter, tracing),
    },
    starts: tracing.isOn ? [tracedStarts(tracing)] : [],
    stop: () => stopping.abort(),
    close: () => tracing.close(),
  };
}
